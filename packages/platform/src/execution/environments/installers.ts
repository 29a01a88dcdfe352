import { accessSync, constants } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { AppError } from '@trainyard/contract'
import { execa } from 'execa'
import { installFailure } from './installer-errors.ts'
import type { Requirements } from './requirements.ts'

export type ToolName = 'uv' | 'pip'

export interface Build {
  /** The interpreter to build with. */
  executable: string
  /** Where the virtual environment goes; it cannot be moved afterwards. */
  folder: string
  requirements: Requirements
  environment: Readonly<Record<string, string | undefined>>
  onProgress: (line: string) => void
  signal: AbortSignal | undefined
}

/** Path of the environment's own interpreter. */
export const pythonIn = (folder: string): string => join(folder, 'bin', 'python')

/** The path of uv, when it is installed. */
export function findUv(environment: Build['environment']): string | undefined {
  return (environment['PATH'] ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, 'uv'))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK)
        return true
      } catch {
        return false
      }
    })
}

/** Makes the virtual environment and installs; says which way it went, for the run's record. */
export async function buildEnvironment(
  build: Build,
  uv: string | undefined,
): Promise<{ tool: ToolName; choices: Record<string, string> }> {
  const file = `${build.folder}-requirements.txt`
  await writeFile(file, build.requirements.lines.map((line) => `${line}\n`).join(''))
  if (uv) {
    await run(build, uv, ['venv', '--quiet', '--no-project', '--python', build.executable, build.folder])
    if (build.requirements.lines.length > 0) {
      await run(build, uv, ['pip', 'install', '--no-progress', '--python', pythonIn(build.folder), '--requirement', file])
    }
    return { tool: 'uv', choices: { environmentTool: `uv (${uv})` } }
  }
  const choices = await buildWithPip(build, file)
  return { tool: 'pip', choices: { environmentTool: 'pip', ...choices } }
}

/**
 * The base interpreter's own pip installs into an environment that has none: 16 s instead of 57 s for XGBoost, scikit-learn and
 * pandas out of pip's cache on two busy cores, because putting pip into each environment (`ensurepip`) costs 7 s and compiling
 * every module, of which a training imports a fraction, most of the rest. Modules compile when they are first imported.
 */
async function buildWithPip(build: Build, file: string): Promise<Record<string, string>> {
  const { executable, folder } = build
  const shared = await basePipVersion(build)
  const usesBasePip = shared !== undefined && shared >= 22.3
  await run(build, executable, ['-m', 'venv', ...(usesBasePip ? ['--without-pip'] : []), folder])
  if (build.requirements.lines.length > 0) {
    const python = pythonIn(folder)
    const [program, target] = usesBasePip ? [executable, ['--python', python]] : [python, []]
    await run(build, program, [
      '-m',
      'pip',
      ...target,
      'install',
      '--disable-pip-version-check',
      '--no-input',
      '--no-compile',
      '--prefer-binary',
      '--progress-bar=off',
      '--requirement',
      file,
    ])
    // Then imports never keep what they compile, and each start would cost 4 s more: all at once, on all cores, now.
    if (build.environment['PYTHONDONTWRITEBYTECODE']) {
      build.onProgress('compiling modules, because PYTHONDONTWRITEBYTECODE is set')
      await run(build, python, ['-m', 'compileall', '-qq', '-j', '0', join(folder, 'lib')], { mayFail: true })
    }
  }
  return { environmentPip: usesBasePip ? `of ${executable}` : 'own' }
}

/** `23.2` of pip 23.2.1; undefined when the interpreter has no pip. `--python` exists since 22.3. */
async function basePipVersion(build: Build): Promise<number | undefined> {
  const { stdout, failed } = await execa(build.executable, ['-c', 'import pip; print(pip.__version__)'], {
    reject: false,
    ...(build.signal ? { cancelSignal: build.signal } : {}),
  })
  const [major, minor] = stdout.trim().split('.').map(Number)
  return failed || major === undefined ? undefined : Number(`${major}.${minor ?? 0}`)
}

/** Variables that would lead an installer or interpreter astray when set for something else. */
const foreignVariables = new Set([
  'PYTHONPATH',
  'PYTHONHOME',
  'VIRTUAL_ENV',
  'CONDA_PREFIX',
  '__PYVENV_LAUNCHER__',
  'PIP_TARGET',
  'PIP_PREFIX',
  'PIP_USER',
  'PIP_REQUIRE_VIRTUALENV',
])

async function run(build: Build, program: string, arguments_: string[], options: { mayFail?: boolean } = {}): Promise<void> {
  const { signal } = build
  const environment = Object.fromEntries(Object.entries(build.environment).filter(([name]) => !foreignVariables.has(name)))
  const child = execa(program, arguments_, {
    extendEnv: false,
    env: { ...environment, PYTHONUNBUFFERED: '1', PIP_REQUIRE_VIRTUALENV: '0' },
    stdin: 'ignore',
    all: true,
    reject: false,
    forceKillAfterDelay: 3000,
    maxBuffer: 50 * 1024 * 1024,
    ...(signal ? { cancelSignal: signal } : {}),
  })
  for await (const line of child.iterable({ from: 'all' })) {
    const progress = progressOf(line)
    if (progress) build.onProgress(progress)
  }
  const result = await child
  if (signal?.aborted) throw new AppError('aborted', 'Preparing the environment was cancelled.', { cause: signal.reason })
  // Some packages carry files for other Python versions, which do not compile here.
  if (result.failed && !options.mayFail) {
    const reason = result.exitCode === undefined ? (result.shortMessage ?? 'it did not run') : installFailure(result.all ?? '')
    throw new AppError('failed_precondition', `The environment for ${build.requirements.source} cannot be made: ${reason}.`, {
      details: { output: (result.all ?? '').slice(-4000) },
    })
  }
}

/** Lines that tell a person something, shortened. */
function progressOf(line: string): string | undefined {
  const text = line.trim()
  // Small files are there before their line is read.
  const downloading = /^Downloading (\S+) \(([\d.]+ [MG]B)\)/.exec(text)
  if (downloading) return `downloading ${downloading[1]?.split('/').at(-1)} (${downloading[2]})`
  const building = /^Building wheel for (\S+)/.exec(text)?.[1]
  if (building) return `building ${building}`
  if (text.startsWith('Installing collected packages:'))
    return `installing ${text.slice('Installing collected packages:'.length).split(',').length} packages`
  return /^(Resolved|Prepared|Installed|Downloading|Building) /.test(text) ? text.toLowerCase() : undefined
}
