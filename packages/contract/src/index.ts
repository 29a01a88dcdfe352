/**
 * What every part of Trainyard agrees on: schemas, types, error codes, run states, the journal's format and the filter language.
 * It runs anywhere (server, browser, job) and depends on TypeBox alone. Start with `run.ts`, then `journal.ts` and `job.ts`.
 */
export * from './errors.ts'
export * from './expression-logic.ts'
export * from './expression-reader.ts'
export { printRunField } from './filter-fields.ts'
export * from './filter-match.ts'
export * from './filter-parser.ts'
export * from './filter-print.ts'
export { parseDurationText, parseTimeText } from './filter-values.ts'
export * from './filter.ts'
export * from './ids.ts'
export * from './infer-value.ts'
export * from './job.ts'
export * from './journal.ts'
export * from './json.ts'
export * from './line-diff.ts'
export * from './mlflow-words.ts'
export * from './mlrun-states.ts'
export * from './nearest.ts'
export * from './wording.ts'
export * from './project-name.ts'
export * from './run.ts'
export * from './states.ts'
export * from './stop-condition.ts'
/** Its schemas are imported from `@trainyard/contract/task`: they need TypeBox, which takes about 20 ms to load. */
export type * from './task.ts'
