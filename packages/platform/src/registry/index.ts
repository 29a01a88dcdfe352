/**
 * The model registry: registered models, their versions, stages, aliases and tags, and the history of every change.
 *
 * It knows the rules of those records and stores them through `database/`. It does not move bytes, does not load models, and knows
 * runs and artifacts by their ids only: they may be gone while their version stays.
 *
 * Start with `registry.ts` (the promises); then `version-change.ts` (the life of a version), `registry-search.ts` (how a page is
 * found), `registry-history.ts` (what was when), `version-source.ts` (where a version may come from), `model-reference.ts`
 * (`models:/name@alias` and its like).
 */
export { createRegistry } from './create-registry.ts'
export * from './registry.ts'
export { builtInStages } from './stage-names.ts'
export { parseModelReference, type ModelReference } from './model-reference.ts'
export { checkVersionSource } from './version-source.ts'
export { createImportedModels, type ImportedModels, type ImportedVersion } from './imported-models.ts'
