import { AppError } from '@trainyard/contract'

/** Where a Postgres database is, taken apart. */
export interface PostgresAddress {
  /** For the driver, password included. */
  readonly connectionString: string
  /** Our tables are in a schema of their own, so that the database may hold other things too. */
  readonly schema: string
  /** For messages: without password and settings. */
  readonly display: string
}

export const isPostgresAddress = (text: string): boolean => /^postgres(?:ql)?:\/\//i.test(text)

const usualSchema = 'trainyard'

/**
 * Reads `postgres://user:password@host:port/database?schema=name`. What is missing is taken from the usual `PG…` variables; other
 * settings behind the question mark (`sslmode`, `host` of a socket folder) go to the driver.
 */
export function parsePostgresAddress(text: string): PostgresAddress {
  if (!isPostgresAddress(text))
    throw new AppError('invalid_argument', `'${text}' is no address of a database; write postgres://user@host/database.`)
  const [place = '', query] = text.split(/\?(.*)/s)
  const settings = new URLSearchParams(query ?? '')
  const schema = settings.get('schema') ?? usualSchema
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(schema))
    throw new AppError(
      'invalid_argument',
      `The schema '${schema.slice(0, 80)}' in the database's address must be lower-case letters, digits and _ (at most 63).`,
    )
  settings.delete('schema')
  const rest = settings.size === 0 ? '' : `?${settings.toString()}`
  const shown = settings.get('host') === null ? '' : `?host=${settings.get('host')}`
  return {
    connectionString: `${place}${rest}`,
    schema,
    display: `${place.replace(/^(\w+:\/\/[^/@:]*):[^/]*@/, '$1@')}${shown}`,
  }
}
