/**
 * The records of work: projects, experiments, runs, metrics, results, labels, inputs, artifacts, captured output and journals.
 *
 * It knows the rules of those records (what may follow which state, what never changes, how a search means what it says) and stores
 * them through `database/`. It does not start processes, does not move the bytes of artifacts, and reads no files.
 *
 * Start with `tracking.ts` (the promises); then `run-create.ts` and `run-change.ts` (the life of a run), `run-search.ts` (how a page
 * is found), `journal-records.ts` (how what a script logs gets in), `run-export.ts` (a run as a file).
 */
export { searchLog } from './log-search.ts'
export { createTracking, type TrackingOptions } from './create-tracking.ts'
export { numbersPerPoint, type PointOrder, sortPoints } from './metric-segment.ts'
export { PointGroups } from './point-groups.ts'
export { reporter } from './reported-state.ts'
export { remoteHostOf } from './shipped-runs.ts'
export type * from './tracking.ts'
export { compareRecords, compareRuns, type ComparedRow, type Comparison, keysOf } from './run-comparison.ts'
export { exportRuns, type ReadArtifact } from './run-export.ts'
export { type ImportOptions, importRuns } from './run-import.ts'
export { transitionRun } from './run-change.ts'
export { sharedGround, withGround } from './run-ground.ts'
export { registrationsTag } from './model-registrations.ts'
export { recordModelArtifact } from './model-artifact.ts'
export { artifactKindOf } from './artifact-kind.ts'
export { createImportedRecords, type ImportedRecords } from './imported/imported-records.ts'
export type { Mark, MarkKind } from './imported/marks.ts'
export type { MetricAggregate, RunGroup, RunGroups } from './run-groups.ts'
export type { RunKeyFacts, RunCounts, RunKeyScope, RunPulse, RunRow, RunTable } from './run-table.ts'
export type * from './documents/artifact-documents.ts'
export type { DocumentedQuery, FoundArtifact, TextCondition } from './documents/artifact-document-search.ts'
export type * from './documents/run-documents.ts'
