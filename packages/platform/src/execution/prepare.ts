import { delimiter, dirname } from 'node:path'
import {
  AppError,
  checkProjectName,
  isEndpoint,
  type JobSpec,
  type JsonObject,
  newRunId,
  type RunKind,
  type Task,
} from '@trainyard/contract'
import type { Ground } from './execution.ts'
import { findPython } from './interpreter.ts'
import { checkEndpoint } from './launchers/endpoint.ts'
import type { Launcher } from './launchers/launcher.ts'
import { checkVariable } from './launchers/program.ts'
import { launcherFor, launchers } from './launchers/table.ts'
import { checkNotification } from '../notifications/check-notification.ts'
import { resolveOutPath } from './out-path.ts'
import { checkArguments, type PreparedRun } from './prepared-run.ts'
import { prepareRequirements } from './requirements.ts'
import { missing } from './unstarted.ts'
import { resolveSecrets, withoutSecretsOf } from './secrets.ts'
import { defaultRunName, locateUserFile, type UserFile } from './user-file.ts'

export interface PrepareOptions {
  /** What the user typed, for the record. */
  commandLine: string[]
  /** Texts of parameters as typed, for text type hints. */
  parameterTexts?: Record<string, string>
  /** Name or path of a Python. */
  python?: string
  kind?: RunKind
  /** `resume` and `rerun` bring their own. */
  id?: string
  /** The user's own file, when the task's command is a copy of it. */
  originalScript?: string
  attempt?: number
  sampleEveryMs?: number
  environment?: Record<string, string>
  onNote: (line: string) => void
  signal: AbortSignal
}

const nameLimit = 500

function checkName(what: string, name: string): string {
  if (name.trim() === '') throw new AppError('invalid_argument', `The ${what} is empty.`)
  if (name.length > nameLimit)
    throw new AppError('invalid_argument', `The ${what} has ${name.length} characters; at most ${nameLimit} fit.`)
  return name
}

/** A wrong hint is told now, not at the end of a training. */
async function checkReturns(hints: readonly unknown[]): Promise<void> {
  const { parseReturnHint } = await import('@trainyard/contract/return-hint')
  for (const hint of hints) parseReturnHint(hint)
}

interface ChosenInterpreter {
  interpreter: string
  autologPackages?: string
  choices: Record<string, string>
}

/** An image brings everything with it but our own harness. */
function interpreterOfImage(launcher: Launcher, task: Task): ChosenInterpreter {
  if (task.requirements !== undefined)
    throw new AppError('invalid_argument', 'A task with an image takes no requirements: put the packages into the image.')
  if (task.autolog === true) throw new AppError('invalid_argument', 'A task with an image cannot be autologged.')
  if (launcher.language === 'program') return { interpreter: '', choices: {} }
  return { interpreter: launcher.language === 'node' ? 'node' : 'python3', choices: { interpreter: `that of ${task.image}` } }
}

/** What runs is somewhere else and has what it has. */
function interpreterOfEndpoint(task: Task): ChosenInterpreter {
  const { image, requirements, autolog, arguments: words } = task
  const unfit = { '--image': image, '--requirements': requirements, '--autolog': autolog || undefined, 'words behind --': words }
  for (const [what, value] of Object.entries(unfit))
    if (value !== undefined)
      throw new AppError(
        'invalid_argument',
        `A function at an address takes no ${what}: its server has its own code and packages.`,
      )
  return { interpreter: process.execPath, choices: { endpoint: 'sent to the server of the address, as one request' } }
}

/** As within an activated environment: its Python, and the programs of its packages, are found first. */
function environmentOf(interpreter: string, path: string | undefined): Record<string, string> {
  const programs = dirname(interpreter)
  return { PATH: [programs, ...(path ? [path] : [])].join(delimiter), VIRTUAL_ENV: dirname(programs) }
}

async function chooseInterpreter(
  ground: Ground,
  launcher: Launcher,
  script: string,
  task: Task,
  options: PrepareOptions,
): Promise<ChosenInterpreter> {
  if (launcher.language === 'endpoint') return interpreterOfEndpoint(task)
  if (task.image !== undefined) return interpreterOfImage(launcher, task)
  // The packages of a program are for whatever Python it starts.
  if (launcher.language === 'program' && (task.requirements ?? []).length === 0) return { interpreter: '', choices: {} }
  if (launcher.language === 'node')
    return { interpreter: process.execPath, choices: { interpreter: 'the Node.js that runs Trainyard' } }
  const found = findPython({
    ...(options.python === undefined ? {} : { requested: options.python }),
    environment: ground.environment,
    workingDirectory: ground.workingDirectory,
  })
  const base = { interpreter: found.executable, choices: { interpreter: found.reason } }
  const environment = await prepareRequirements({
    script,
    requirements: task.requirements,
    python: found.executable,
    environment: ground.environment,
    workingDirectory: ground.workingDirectory,
    onNote: options.onNote,
    signal: options.signal,
  }).catch((error: unknown) => {
    throw missing('requirements', error)
  })
  const chosen =
    environment === undefined ? base : { interpreter: environment.python, choices: { ...base.choices, ...environment.choices } }
  if (task.autolog !== true) return chosen
  const { prepareAutologPackages } = await import('./autolog-packages.ts')
  const { folder, choices } = await prepareAutologPackages({
    python: chosen.interpreter,
    environment: ground.environment,
    onNote: options.onNote,
    signal: options.signal,
  })
  return {
    ...chosen,
    choices: { ...chosen.choices, ...choices },
    ...(folder === undefined ? {} : { autologPackages: folder }),
  }
}

/** Most runs declare no inputs, and what opens addresses takes its time to load. */
async function stage(
  ground: Ground,
  inputs: Readonly<Record<string, string>>,
  secrets: Readonly<Record<string, string>>,
  options: PrepareOptions,
): Promise<JobSpec['inputs']> {
  if (Object.keys(inputs).length === 0) return {}
  const [{ stageInputs }, { objectsWithSecrets }] = await Promise.all([import('./inputs.ts'), import('./with-secrets.ts')])
  return stageInputs({ ...ground, objects: objectsWithSecrets(ground.objects, secrets) }, inputs, options)
}

/** Inputs of a function elsewhere: it reads the addresses itself, as they were given. */
const unstaged = (inputs: Readonly<Record<string, string>>): JobSpec['inputs'] =>
  Object.fromEntries(Object.entries(inputs).map(([key, url]) => [key, { url }]))

/** A file with the launcher of its language, a program, or the address of a function that a server runs. */
export function locateCode(task: Task, workingDirectory: string): { file: UserFile; launcher: Launcher } {
  const [program] = task.program ?? []
  if (program !== undefined) {
    if (task.command !== undefined)
      throw new AppError('invalid_argument', 'A task has a command (a script) or a program, not both.')
    if (program === '') throw new AppError('invalid_argument', 'The program of the task is empty.')
    return { file: { script: program, handler: undefined }, launcher: launchers.program }
  }
  if (task.command === undefined)
    throw new AppError('invalid_argument', 'Nothing to run: name a script, for example `trainyard run training.py`.')
  if (isEndpoint(task.command))
    return { file: { script: checkEndpoint(task.command), handler: task.handler }, launcher: launchers.endpoint }
  const file = locateUserFile(task.command, task.handler, workingDirectory)
  return { file, launcher: launcherFor(file.script) }
}

/** Words of a program are meant as they stand: `{name}` is filled in what follows them only. */
const literally = (word: string): string => word.replaceAll(/[{}]/g, '$&$&')

/** Decides everything about a run: file, handler, interpreter, environment, inputs, secrets, out path. Starts nothing. */
export async function prepareRun(ground: Ground, task: Task, options: PrepareOptions): Promise<PreparedRun> {
  const { file, launcher } = locateCode(task, ground.workingDirectory)
  const name = checkName('name', task.name ?? defaultRunName(file))
  const project = task.project ?? 'default'
  checkProjectName(project)
  const experiment = checkName('experiment', task.experiment ?? name)
  if (task.returns !== undefined) await checkReturns(task.returns)
  // The names in a parameter file are known when the sweep is planned.
  if (task.arguments !== undefined && task.sweep?.parameterFile === undefined)
    checkArguments(task.arguments, Object.keys({ ...(task.parameters as JsonObject), ...task.sweep?.hyperParameters }))
  for (const notification of task.notifications ?? []) checkNotification(notification)
  const secrets = resolveSecrets(task.secrets ?? [], ground)
  const environment = { ...task.environment, ...options.environment }
  for (const [variable, value] of Object.entries({ ...environment, ...(launcher.language === 'program' ? secrets : {}) }))
    checkVariable(variable, value)
  const chosen = await chooseInterpreter(ground, launcher, file.script, task, options)
  if (launcher.language === 'program' && chosen.interpreter !== '')
    Object.assign(environment, environmentOf(chosen.interpreter, environment['PATH'] ?? ground.environment['PATH']))
  const inputs =
    launcher.language === 'endpoint' ? unstaged(task.inputs ?? {}) : await stage(ground, task.inputs ?? {}, secrets, options)
  const id = options.id ?? newRunId(ground.clock.nowMs())
  const places = { artifacts: ground.directory.artifacts, workingDirectory: ground.workingDirectory }
  return {
    id,
    name,
    project,
    experiment,
    kind: options.kind ?? 'run',
    iteration: 0,
    attempt: options.attempt ?? 1,
    labels: task.labels ?? {},
    script: file.script,
    ...(options.originalScript === undefined ? {} : { originalScript: options.originalScript }),
    ...(file.handler === undefined ? {} : { handler: file.handler }),
    arguments: [...(task.program ?? []).slice(1).map(literally), ...(task.arguments ?? [])],
    parameters: (task.parameters ?? {}) as JsonObject,
    parameterTexts: options.parameterTexts ?? {},
    inputs,
    secrets,
    ...(task.returns === undefined ? {} : { returns: task.returns }),
    outPath: resolveOutPath(task.outPath, { uid: id, name, project, iteration: 0 }, places),
    task: recordedTask(task, options.originalScript ?? file.script, file.handler),
    notifications: task.notifications ?? [],
    autolog: task.autolog ?? false,
    ...(chosen.autologPackages === undefined ? {} : { autologPackages: chosen.autologPackages }),
    ...(task.timeoutMs === undefined ? {} : { timeoutMs: task.timeoutMs }),
    launcher,
    interpreter: chosen.interpreter,
    workingDirectory: ground.workingDirectory,
    environment,
    ...(task.image === undefined ? {} : { image: task.image }),
    ...(task.resources === undefined ? {} : { resources: task.resources }),
    choices: chosen.choices,
    commandLine: options.commandLine,
    sampleEveryMs: options.sampleEveryMs ?? 5000,
  }
}

/** The template as it can be repeated from anywhere: absolute paths, no secret values. */
export const recordedTask = (task: Task, script: string, handler: string | undefined): Task => ({
  ...withoutSecretsOf(task),
  ...(task.program === undefined ? { command: script } : {}),
  ...(handler === undefined ? {} : { handler }),
})
