import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { JobSpec } from '@trainyard/contract'
import { jsonLine, type Launcher, type LauncherContext, type LaunchPlan } from './launcher.ts'

/** The folder that holds the Python package: beside `dist/` in a published package, at the top of a clone. */
function findPythonPackage(): string {
  let folder = fileURLToPath(new URL('.', import.meta.url))
  for (let depth = 0; depth < 8; depth++, folder = join(folder, '..')) {
    const candidate = join(folder, 'python')
    if (existsSync(join(candidate, 'trainyard', '__init__.py'))) return candidate
  }
  throw new Error('the Python package is missing from this installation')
}

let found: string | undefined
export const pythonPackageFolder = (): string => (found ??= findPythonPackage())

const baseEnvironment = (context: LauncherContext): Record<string, string> => ({
  PYTHONPATH: [pythonPackageFolder(), context.environment['PYTHONPATH']].filter(Boolean).join(delimiter),
  TRAINYARD_CONTROL_FD: '3',
  TRAINYARD_CLI: JSON.stringify(context.programCommand),
  TRAINYARD_HOME: context.dataDirectory,
})

const planPython = (job: JobSpec, context: LauncherContext): LaunchPlan => ({
  command: context.interpreter,
  arguments: ['-m', 'trainyard.harness'],
  environment: baseEnvironment(context),
  workingDirectory: context.workingDirectory,
  job,
  choices: context.choices,
})

export const pythonLauncher: Launcher = {
  language: 'python',
  fileEndings: ['.py'],
  canFork: true,
  plan: planPython,
  message: jsonLine,
}

/** The warm worker reads commands on 3 and tells events on 4. */
export const planWarmWorker = (context: LauncherContext): Omit<LaunchPlan, 'job'> => ({
  command: context.interpreter,
  arguments: ['-m', 'trainyard.warm'],
  environment: { ...baseEnvironment(context), TRAINYARD_EVENTS_FD: '4' },
  workingDirectory: context.workingDirectory,
  choices: context.choices,
})
