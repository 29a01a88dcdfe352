/**
 * The server: one Fastify instance over the records, with a scope for each dialect it speaks.
 *
 * It knows requests, answers and the wire formats; records and rules are those of `tracking/`. It opens no database and starts no
 * process. Every request of every dialect passes `guard.ts`.
 *
 * Start with `server.ts`, then a dialect: `native/dialect.ts` (ours, which the dashboard speaks), `mlflow/dialect.ts`, `mlrun/dialect.ts`.
 */
export type { GuardOptions } from './guard.ts'
export { createRunTokens, type RunTokens } from './run-tokens.ts'
export { createServer, protocolVersion, type ServerOptions } from './server.ts'
