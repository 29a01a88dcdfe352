export interface MysqlTestServer {
  /** Of a user with a password, over an empty database. */
  url: string
  stop(): Promise<void>
}
export function mysqlProblem(): string | undefined
export function startMysqlServer(): Promise<MysqlTestServer>
