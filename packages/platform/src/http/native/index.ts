/**
 * The native dialect: everything the records can tell and take, as JSON over HTTP, described by an OpenAPI document.
 *
 * The operations are those of `@trainyard/contract/native-api`; this folder says what each does, by calls of `tracking/`, `registry/`,
 * `upkeep/` and `execution/`. It knows no other dialect and no database.
 *
 * Start with `handlers.ts` (all there is) and `dialect.ts` (how a request becomes a call and its answer); `follow-changes.ts` streams
 * what happens, `idempotency.ts` makes repeats safe.
 */
export { createChangeWatch } from './change-watch.ts'
export type { NativeContext } from './context.ts'
export { nativeDialect } from './dialect.ts'
