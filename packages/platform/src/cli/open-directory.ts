import { existsSync } from 'node:fs'
import { AppError } from '@trainyard/contract'
import { type DataDirectory, dataDirectoryAt, locateDataDirectory, makeDataDirectory } from '../base/data-directory.ts'
import type { Cli } from './cli.ts'
import { sharedDatabase } from './database-place.ts'

/**
 * The data directory that the flags and the environment point at. A command that only reads (`create` false) does not make one:
 * it fails with `not_found` and says how to start. One that makes it says where, on stderr.
 */
export function openDirectory(cli: Cli, options: { create: boolean }): DataDirectory {
  const place = directoryPlace(cli)
  // With a shared database there is something to look at all the same.
  if (!options.create && sharedDatabase(cli) === undefined && !existsSync(place.path)) throw nothingHere(place)
  const directory = dataDirectoryAt(place)
  makeDirectory(cli, directory)
  return directory
}

/** Makes it when it is not there, and says so. */
export function makeDirectory(cli: Cli, directory: DataDirectory): void {
  if (makeDataDirectory(directory)) cli.note(`Made the data directory ${directory.path}.`)
}

/** The same place, made or not. */
export const directoryPlace = (cli: Cli): ReturnType<typeof locateDataDirectory> =>
  locateDataDirectory({
    workingDirectory: cli.workingDirectory,
    ...(cli.globals.data === undefined ? {} : { flag: cli.globals.data }),
    ...(cli.config.dataDirectory === undefined ? {} : { environment: cli.config.dataDirectory }),
  })

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
