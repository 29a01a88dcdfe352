/**
 * The MLRun dialect: the REST protocol of that server, spoken to its client unchanged, over our own records.
 *
 * It translates: documents to calls of `tracking/` and its neighbours, records to documents, errors to the statuses its client makes
 * exceptions of. It keeps nothing of its own and knows no other dialect and no database. What it does not serve is answered with 404.
 *
 * Start with `dialect.ts` (the table of all routes) and `runs.ts`; `run-document.ts` is how a document becomes a record,
 * `run-view.ts` how a record becomes a document, `client-spec.ts` what the client is told about this server.
 */
export { createBackgroundTasks } from './background-tasks.ts'
export { mlrunDialect } from './dialect.ts'
export type { MlrunContext } from './route.ts'
