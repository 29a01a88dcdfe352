import { AppError } from '@trainyard/contract'
import type { DataDirectory } from '../base/data-directory.ts'
import { isPostgresAddress } from '../database/postgres/postgres-address.ts'
import type { Cli } from './cli.ts'

/** The address of a shared database: `--database`, else `TRAINYARD_DATABASE`. Undefined: the file in the data directory. */
export function sharedDatabase(cli: Cli): string | undefined {
  const given = cli.globals.database ?? cli.config.database
  if (given === undefined || isPostgresAddress(given)) return given
  const source = cli.globals.database === undefined ? 'TRAINYARD_DATABASE' : '--database'
  throw new AppError(
    'invalid_argument',
    `${source} takes an address like postgres://user@host/database. A database in a file lies in its data directory: choose that with --data.`,
  )
}

/** For `openDatabase`. */
export const databasePlace = (cli: Cli, directory: DataDirectory): string => sharedDatabase(cli) ?? directory.database
