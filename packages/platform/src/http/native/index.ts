/**
 * The native dialect: everything the records can tell and take, as JSON over HTTP, described by an OpenAPI document.
 *
 * It translates requests to calls of `tracking/`. It knows no other dialect and no database.
 *
 * Start with `operations.ts` (all there is); `operation.ts` checks what is sent, `openapi.ts` prints the document, `follow-run.ts`
 * streams what happens in a run.
 */
export { nativeDialect } from './dialect.ts'
