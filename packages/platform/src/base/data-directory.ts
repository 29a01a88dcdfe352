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
  /** Made by this call (say so to the user). */
  readonly created: boolean
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

export function openDataDirectory(place: { path: string; chosenBy: DataDirectory['chosenBy'] }): DataDirectory {
  const { path, chosenBy } = place
  const directory = {
    path,
    database: databaseFile(path),
    artifacts: join(path, 'artifacts'),
    runs: join(path, 'runs'),
    chosenBy,
  }
  const created = !existsSync(path)
  try {
    // Output and parameters of runs are their owner's business; whoever shares a directory opens it to others with chmod.
    makeFolderSync(path, 0o700)
    makeFolderSync(directory.runs)
    makeFolderSync(directory.artifacts)
  } catch (error) {
    throw new AppError(
      'storage',
      `Cannot use the data directory ${path}: ${systemReason(error)}. Choose another with --data or TRAINYARD_HOME.`,
      { cause: error },
    )
  }
  return { ...directory, created }
}
