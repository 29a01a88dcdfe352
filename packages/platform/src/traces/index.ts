/**
 * Traces: trees of spans that tell what a program did for one request, their tags and metadata, and assessments of them.
 *
 * It knows the rules of those records (what spans say of a trace nobody told of, which assessment stands instead of another) and stores
 * them through `database/`. It knows no wire format but `traces.json`, the file in which MLflow keeps spans, moves no bytes, and knows runs, experiments and prompts by their ids only.
 *
 * Start with `traces.ts` (the promises); then `trace-change.ts` and `span-change.ts` (how a trace comes to be), `trace-search.ts` (how
 * a page is found).
 */
export { createTraces } from './create-traces.ts'
export { createImportedTraces, type ImportedTrace, type ImportedTraces } from './imported-traces.ts'
export { readSpan, writeSpan } from './span-text.ts'
export { largestTraceFileBytes, readTraceFile, traceFile } from './trace-file.ts'
export type * from './traces.ts'
