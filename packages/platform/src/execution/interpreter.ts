import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs'
import { delimiter, dirname, join, resolve } from 'node:path'
import { AppError } from '@trainyard/contract'

export interface Interpreter {
  executable: string
  /** For the run's record: which rule chose it. */
  reason: string
}

type Environment = Readonly<Record<string, string | undefined>>

const isExecutable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

/** The program of that name which a shell would start. */
export const onPath = (name: string, environment: Environment): string | undefined =>
  (environment['PATH'] ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .find(isExecutable)

const readWord = (path: string): string | undefined =>
  existsSync(path) ? readFileSync(path, 'utf8').trim().split(/\s+/)[0] : undefined

/**
 * pyenv's shims are shell scripts that cost about 160 ms a start; the interpreter they would pick follows from
 * `PYENV_VERSION`, the nearest `.python-version` and pyenv's global `version` file, so it is looked up instead.
 */
function behindPyenvShim(path: string, environment: Environment, workingDirectory: string): string | undefined {
  const root = dirname(dirname(path))
  if (!path.startsWith(join(root, 'shims')) || !existsSync(join(root, 'versions'))) return undefined
  let version = environment['PYENV_VERSION']?.split(':')[0]
  for (let folder = resolve(workingDirectory); !version; folder = dirname(folder)) {
    version = readWord(join(folder, '.python-version'))
    if (dirname(folder) === folder) break
  }
  version ??= readWord(join(root, 'version'))
  const executable = version === undefined ? undefined : join(root, 'versions', version, 'bin', 'python')
  return executable !== undefined && isExecutable(executable) ? executable : undefined
}

/**
 * The Python to use: the given one, else the active virtual or Conda environment, else `python3` or `python` on the path.
 * Nothing is started: the harness itself reports the version.
 */
export function findPython(options: { requested?: string; environment: Environment; workingDirectory: string }): Interpreter {
  const { requested, environment, workingDirectory } = options
  if (requested !== undefined) {
    const executable = requested.includes('/') ? resolve(workingDirectory, requested) : onPath(requested, environment)
    if (executable !== undefined && isExecutable(executable)) return { executable, reason: `asked for (${requested})` }
    throw new AppError(
      'invalid_argument',
      `There is no Python at "${requested}": give a path or a name on PATH such as python3.12.`,
    )
  }
  for (const [variable, what] of [
    ['VIRTUAL_ENV', 'active virtual environment'],
    ['CONDA_PREFIX', 'active Conda environment'],
  ] as const) {
    const prefix = environment[variable]
    const executable = prefix ? join(prefix, 'bin', 'python') : undefined
    if (executable !== undefined && isExecutable(executable)) return { executable, reason: `${what} (${variable})` }
  }
  for (const name of ['python3', 'python']) {
    const found = onPath(name, environment)
    if (found === undefined) continue
    const real = behindPyenvShim(found, environment, workingDirectory)
    return real === undefined
      ? { executable: found, reason: `${name} on PATH` }
      : { executable: real, reason: `${name} on PATH, behind a pyenv shim` }
  }
  throw new AppError('failed_precondition', 'No Python was found: install Python 3.9 or newer, or name one with --python.')
}
