import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { AppError } from '@trainyard/contract'
import { systemReason } from './errors.ts'
import { makeFolderSync } from './make-folder.ts'

/** The folder that holds everything: database, artifacts, working folders of live runs. */
export interface DataDirectory {
  readonly path: string
  readonly database: string
  readonly artifacts: string
  /** One folder per live or unfinished run: journals, captured output, spooled artifacts. */
  readonly runs: string
  /** Which rule chose it. */
  readonly chosenBy: 'flag' | 'environment' | 'nearest' | 'default'
}

/** `--data`, else `TRAINYARD_HOME`, else the nearest `.trainyard` upwards, else one made in the working folder. */
export function locateDataDirectory(options: { flag?: string; environment?: string; workingDirectory: string }): {
  path: string
  chosenBy: DataDirectory['chosenBy']
} {
  if (options.flag) return { path: resolve(options.workingDirectory, options.flag), chosenBy: 'flag' }
  if (options.environment) return { path: resolve(options.workingDirectory, options.environment), chosenBy: 'environment' }
  for (let folder = resolve(options.workingDirectory); ; folder = dirname(folder)) {
    const candidate = join(folder, '.trainyard')
    if (existsSync(candidate)) return { path: candidate, chosenBy: 'nearest' }
    if (dirname(folder) === folder) break
  }
  return { path: join(resolve(options.workingDirectory), '.trainyard'), chosenBy: 'default' }
}

/** The database of a data directory. */
export const databaseFile = (path: string): string => join(path, 'trainyard.db')

/** The folders of a data directory, made or not. */
export function dataDirectoryAt({ path, chosenBy }: { path: string; chosenBy: DataDirectory['chosenBy'] }): DataDirectory {
  return { path, database: databaseFile(path), artifacts: join(path, 'artifacts'), runs: join(path, 'runs'), chosenBy }
}

/** Makes what is missing of it. True when it was not there at all (say so to the user). */
export function makeDataDirectory({ path, runs, artifacts }: DataDirectory): boolean {
  const isNew = !existsSync(path)
  try {
    // Output and parameters of runs are their owner's business; whoever shares a directory opens it to others with chmod.
    makeFolderSync(path, 0o700)
    makeFolderSync(runs)
    makeFolderSync(artifacts)
  } catch (error) {
    throw new AppError(
      'storage',
      `Cannot use the data directory ${path}: ${systemReason(error)}. Choose another with --data or TRAINYARD_HOME.`,
      { cause: error },
    )
  }
  return isNew
}

/** The data directory at this place, made when it is not there. */
export function openDataDirectory(place: { path: string; chosenBy: DataDirectory['chosenBy'] }): DataDirectory {
  const directory = dataDirectoryAt(place)
  makeDataDirectory(directory)
  return directory
}
