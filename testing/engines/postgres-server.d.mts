export interface PostgresTestServer {
  /** Of a superuser, without password. */
  url: string
  folder: string
  /** Ends the server at once, as a crash would, and starts it again on the same data. */
  restart(): Promise<void>
  stop(): Promise<void>
}
export function postgresPrograms(): string | undefined
export function postgresProblem(): string | undefined
export function startPostgresServer(options?: { settings?: Record<string, string> }): Promise<PostgresTestServer>
