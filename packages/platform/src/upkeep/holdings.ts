import { join } from 'node:path'
import type { DataDirectory } from '../base/data-directory.ts'
import type { Database } from '../database/index.ts'
import type { ObjectContext, Places } from '../objects/index.ts'
import type { Tracking } from '../tracking/index.ts'

/** One open data directory: its records and how its bytes are reached. */
export interface Holdings {
  readonly directory: DataDirectory
  readonly database: Database
  readonly tracking: Tracking
  readonly objectContext: ObjectContext
  readonly places: Places
}

/** Where captured output goes that is too long for the database. */
export const outputFolder = (directory: Pick<DataDirectory, 'path'>): string => join(directory.path, 'output')
