import { existsSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { AppError } from '@trainyard/contract'
import { systemReason } from '../../base/errors.ts'

export type SqlRow = Readonly<Record<string, unknown>>

/** A foreign database, read only: the three kinds differ in how they are opened and how names are quoted. */
export interface SqlReader extends AsyncDisposable {
  /** Without password. */
  readonly name: string
  /** `?` stands for the values in order. */
  rows(sql: string, values?: readonly (string | number)[]): Promise<SqlRow[]>
  tables(): Promise<ReadonlySet<string>>
  quote(name: string): string
}

/** `sqlite:///path`, a path, `postgresql://…` or `mysql://…`, also as SQLAlchemy writes them (`postgresql+psycopg2://…`). */
export async function openSqlReader(address: string): Promise<SqlReader> {
  const [, scheme = 'sqlite'] = /^(sqlite|postgres(?:ql)?|mysql|mariadb)(?:\+\w+)?:\/\//i.exec(address) ?? []
  const plain = address.replace(/^(\w+)\+\w+:/, '$1:')
  if (scheme === 'sqlite') return openSqlite(plain)
  return scheme.startsWith('postgres') ? await openPostgres(plain) : await openMysql(plain.replace(/^mariadb:/i, 'mysql:'))
}

function openSqlite(address: string): SqlReader {
  // Three slashes before a relative path, four before an absolute one.
  const path = address.replace(/^sqlite:\/\/\//i, '')
  if (!existsSync(path)) throw new AppError('not_found', `There is no database ${path}.`)
  try {
    const database = new DatabaseSync(path, { readOnly: true })
    database.exec('PRAGMA busy_timeout = 30000')
    return {
      name: path,
      rows: async (sql, values = []) => database.prepare(sql).all(...values),
      tables: async () =>
        new Set(
          database
            .prepare("SELECT name FROM sqlite_master WHERE type = 'table'")
            .all()
            .map((row) => String(row['name'])),
        ),
      quote: (name) => `"${name}"`,
      [Symbol.asyncDispose]: async () => database.close(),
    }
  } catch (error) {
    throw new AppError('invalid_argument', `${path} cannot be opened as a database: ${systemReason(error)}.`, { cause: error })
  }
}

const tablesSql = 'SELECT table_name AS name FROM information_schema.tables WHERE table_schema = '

async function openPostgres(address: string): Promise<SqlReader> {
  const { default: pg } = await loadPackage('pg', () => import('pg'))
  const client = new pg.Client({ connectionString: address, options: '-c default_transaction_read_only=on' })
  await client.connect().catch((error: unknown) => {
    throw unreachable(address, error)
  })
  const rows = async (sql: string, values: readonly (string | number)[] = []): Promise<SqlRow[]> => {
    let at = 0
    return (
      await client.query(
        sql.replaceAll('?', () => `$${++at}`),
        [...values],
      )
    ).rows as SqlRow[]
  }
  return {
    name: withoutPassword(address),
    rows,
    tables: async () => new Set((await rows(`${tablesSql}current_schema()`)).map((row) => String(row['name']))),
    quote: (name) => `"${name}"`,
    [Symbol.asyncDispose]: () => client.end(),
  }
}

async function openMysql(address: string): Promise<SqlReader> {
  const { default: mysql } = await loadPackage('mysql2', () => import('mysql2/promise'))
  const connection = await mysql
    .createConnection({ uri: address, supportBigNumbers: true, charset: 'utf8mb4' })
    .catch((error: unknown) => {
      throw unreachable(address, error)
    })
  await connection.query('SET SESSION TRANSACTION READ ONLY')
  const rows = async (sql: string, values: readonly (string | number)[] = []): Promise<SqlRow[]> => {
    const [found] = await connection.query(sql, [...values])
    return found as SqlRow[]
  }
  return {
    name: withoutPassword(address),
    rows,
    tables: async () => new Set((await rows(`${tablesSql}DATABASE()`)).map((row) => String(row['name'] ?? row['NAME']))),
    quote: (name) => `\`${name}\``,
    [Symbol.asyncDispose]: () => connection.end(),
  }
}

async function loadPackage<Package>(name: string, load: () => Promise<Package>): Promise<Package> {
  try {
    return await load()
  } catch (error) {
    throw new AppError('failed_precondition', `Reading this database needs the package ${name}: npm install ${name}`, {
      cause: error,
    })
  }
}

const unreachable = (address: string, error: unknown): AppError =>
  new AppError('unavailable', `${withoutPassword(address)} cannot be opened: ${systemReason(error)}.`, { cause: error })

function withoutPassword(address: string): string {
  const url = new URL(address)
  url.password = ''
  url.search = ''
  return url.href
}
