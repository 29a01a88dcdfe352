import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { AppError } from '@trainyard/contract'
import { type DataDirectory, locateDataDirectory, openDataDirectory } from '../base/data-directory.ts'
import { type Database, openSqliteDatabase } from '../database/index.ts'
import { createFileStore, createPlaces, type ObjectContext, type Places } from '../objects/index.ts'
import { createTracking, type Tracking } from '../tracking/index.ts'
import { resolveArtifact } from './artifact-reference.ts'
import type { Cli } from './cli.ts'

/** The open data directory of one command. `await using` it: closing waits for writes under way. */
export interface Session extends AsyncDisposable {
  readonly directory: DataDirectory
  readonly database: Database
  readonly tracking: Tracking
  /** How addresses are understood here: relative to the working folder, `store://` through the records. */
  readonly objectContext: ObjectContext
  readonly places: Places
}

/**
 * Opens what the flags and the environment point at. A command that only reads (`create` false) does not make a data directory:
 * it fails with `not_found` and says how to start. One that makes it says where, on stderr.
 */
export async function openSession(cli: Cli, options: { create: boolean }): Promise<Session> {
  const place = locateDataDirectory({
    workingDirectory: cli.workingDirectory,
    ...(cli.globals.data === undefined ? {} : { flag: cli.globals.data }),
    ...(cli.config.dataDirectory === undefined ? {} : { environment: cli.config.dataDirectory }),
  })
  if (!options.create && !existsSync(place.path)) throw nothingHere(place)
  const directory = openDataDirectory(place)
  if (directory.created) cli.note(`Made the data directory ${directory.path}.`)

  await using opened = new AsyncDisposableStack()
  const database = opened.use(await openSqliteDatabase(directory.database))
  const tracking = createTracking(database, { objects: createFileStore({ root: outputFolder(directory) }) })
  const objectContext: ObjectContext = {
    workingDirectory: cli.workingDirectory,
    environment: cli.config.environment,
    resolveStoreUrl: async (url) => (await resolveArtifact(tracking, url, cli.project)).target,
  }
  const owned = opened.move()
  return {
    directory,
    database,
    tracking,
    objectContext,
    places: createPlaces(objectContext),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

/** Where captured output goes that is too long for the database. */
export const outputFolder = (directory: DataDirectory): string => join(directory.path, 'output')

function nothingHere(place: ReturnType<typeof locateDataDirectory>): AppError {
  const hint = 'start with: trainyard run training.py'
  if (place.chosenBy === 'flag' || place.chosenBy === 'environment') {
    const source = place.chosenBy === 'flag' ? '--data' : 'TRAINYARD_HOME'
    return new AppError('not_found', `There is no data directory ${place.path} (from ${source}).`, { details: { hint } })
  }
  return new AppError('not_found', 'There is no .trainyard folder here or in any folder above, so there are no runs yet.', {
    details: { hint },
  })
}
