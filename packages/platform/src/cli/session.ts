import { join } from 'node:path'
import type { DataDirectory } from '../base/data-directory.ts'
import { openDatabase } from '../database/index.ts'
import { createFileStore, createPlaces, type ObjectContext } from '../objects/index.ts'
import type { RemoteServer } from '../remote/index.ts'
import { createTracking } from '../tracking/index.ts'
import { type Holdings, outputFolder } from '../upkeep/index.ts'
import { resolveArtifact } from './artifact-reference.ts'
import type { Cli } from './cli.ts'
import { databasePlace } from './database-place.ts'
import { openDirectory } from './open-directory.ts'

/** The open data directory of one command. `await using` it: closing waits for writes under way. */
export interface Session extends AsyncDisposable, Holdings {
  /** Addresses are relative to the working folder, `store://` goes through the records. */
  readonly objectContext: ObjectContext
  /** Where the records are, when they are another machine's: see `openRemoteRecords`. */
  readonly remote?: RemoteServer
}

/** Opens what the flags and the environment point at, see `openDirectory`. */
export const openSession = (cli: Cli, options: { create: boolean }): Promise<Session> =>
  openSessionIn(cli, openDirectory(cli, options))

export async function openSessionIn(cli: Cli, directory: DataDirectory): Promise<Session> {
  await using opened = new AsyncDisposableStack()
  const database = opened.use(await openDatabase(databasePlace(cli, directory)))
  const tracking = createTracking(database, {
    objects: createFileStore({ root: outputFolder(directory) }),
    // Other machines do not see this one's data directory.
    keepsOutput: database.dialect.name === 'postgres',
  })
  const objectContext: ObjectContext = {
    workingDirectory: cli.workingDirectory,
    environment: cli.config.environment,
    resumeDirectory: join(directory.path, 'uploads'),
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
