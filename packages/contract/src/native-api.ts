/**
 * The native interface as it travels: a table of operations with TypeBox schemas of what is asked and answered. It needs TypeBox,
 * which takes about 20 ms to load, so it is imported from `@trainyard/contract/native-api` and not from the package's index.
 *
 * Start with `native/operations.ts`.
 */
export * from './native/operation.ts'
export * from './native/operations.ts'
export type { FunctionVersion } from './native/function-operations.ts'
export type { Job } from './native/job-operations.ts'
export type { Lineage, LineageNode } from './native/lineage-operations.ts'
export type { Firing, Schedule, Timing } from './native/schedule-operations.ts'
export { type Experiment, problem } from './native/schemas.ts'
export type { RunGroup, TableWindow } from './native/table-operations.ts'
export type { Assessment, Span, Trace } from './native/trace-operations.ts'
