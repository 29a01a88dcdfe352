/**
 * Functions: code plus everything about how it runs, as typed records, documents (`function.yaml`) and versions of the project.
 *
 * It knows what a function says, where its code comes from (a file, a notebook, a folder, Git, an archive) and how versions differ; it
 * does not run anything and knows no wire format: `execution/` runs what `stageFunction` lays out, `builds/` prepares environments
 * and images. A function is kept as one document in MLRun's shape, so that both dialects see the same record.
 *
 * Start with `functions.ts` (the records), then `function-document.ts` (record and document) and `stage-function.ts` (ready to run).
 */
export { type FunctionDocument, fromFunctionDocument, toFunctionDocument } from './function-document.ts'
export { durationMs } from './function-fields.ts'
export {
  checkFunctionDocument,
  parseFunctionText,
  portableDocument,
  printFunctionFile,
  readFunctionFile,
} from './function-file.ts'
export { checkFunctionSpec } from './check-spec.ts'
export { checkKind, functionKinds } from './function-kinds.ts'
export {
  type FunctionReference,
  normalizedFunctionName,
  parseFunctionReference,
  printFunctionReference,
} from '@trainyard/contract/function-reference'
export { createFunctions, functionKind, type Functions, type FunctionVersion, type SaveFunction, toVersion } from './functions.ts'
export { unifiedDiff } from './unified-diff.ts'
export { compareFields, compareFunctions, type FieldChange, type FunctionDifference } from './compare-functions.ts'
export { checkHandler, makeFunction, type MakeOptions, requireCode } from './make-function.ts'
export { type Callable, checkCall } from './check-call.ts'
export { outlineFunction, overFunction } from './function-outline.ts'
export { notesOfCommands, requirementsOf, stageFunction, type StageableFunction, type StagedFunction } from './stage-function.ts'
export { isArchiveName, unpackArchive } from './sources/archive.ts'
export { fetchGit, parseGitSource } from './sources/git.ts'
export { fetchSource, type FetchedSource, readCode, type SourceOptions } from './sources/source.ts'
export { readNotebook } from './sources/notebook.ts'
export { entryPointsOf } from './code/entry-points.ts'
