import { AppError, checkProjectName, type JobSpec, type JsonObject, newRunId, type RunKind, type Task } from '@trainyard/contract'
import type { Ground } from './execution.ts'
import { findPython } from './interpreter.ts'
import type { Launcher } from './launchers/launcher.ts'
import { launcherFor } from './launchers/table.ts'
import { resolveOutPath } from './out-path.ts'
import { checkArguments, type PreparedRun } from './prepared-run.ts'
import { prepareRequirements } from './requirements.ts'
import { resolveSecrets, withoutSecretValues } from './secrets.ts'
import { defaultRunName, locateUserFile } from './user-file.ts'

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

async function chooseInterpreter(
  ground: Ground,
  launcher: Launcher,
  script: string,
  task: Task,
  options: PrepareOptions,
): Promise<ChosenInterpreter> {
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

/** Decides everything about a run: file, handler, interpreter, environment, inputs, secrets, out path. Starts nothing. */
export async function prepareRun(ground: Ground, task: Task, options: PrepareOptions): Promise<PreparedRun> {
  if (task.command === undefined)
    throw new AppError('invalid_argument', 'Nothing to run: name a script, for example `trainyard run training.py`.')
  const file = locateUserFile(task.command, task.handler, ground.workingDirectory)
  const launcher = launcherFor(file.script)
  const name = checkName('name', task.name ?? defaultRunName(file))
  const project = task.project ?? 'default'
  checkProjectName(project)
  const experiment = checkName('experiment', task.experiment ?? name)
  if (task.returns !== undefined) await checkReturns(task.returns)
  // The names in a parameter file are known when the sweep is planned.
  if (task.arguments !== undefined && task.sweep?.parameterFile === undefined)
    checkArguments(task.arguments, Object.keys({ ...(task.parameters as JsonObject), ...task.sweep?.hyperParameters }))
  const secrets = resolveSecrets(task.secrets ?? [], ground)
  const chosen = await chooseInterpreter(ground, launcher, file.script, task, options)
  const inputs = await stage(ground, task.inputs ?? {}, secrets, options)
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
    arguments: task.arguments ?? [],
    parameters: (task.parameters ?? {}) as JsonObject,
    parameterTexts: options.parameterTexts ?? {},
    inputs,
    secrets,
    ...(task.returns === undefined ? {} : { returns: task.returns }),
    outPath: resolveOutPath(task.outPath, { uid: id, name, project, iteration: 0 }, places),
    task: recordedTask(task, options.originalScript ?? file.script, file.handler),
    autolog: task.autolog ?? false,
    ...(chosen.autologPackages === undefined ? {} : { autologPackages: chosen.autologPackages }),
    ...(task.timeoutMs === undefined ? {} : { timeoutMs: task.timeoutMs }),
    launcher,
    interpreter: chosen.interpreter,
    workingDirectory: ground.workingDirectory,
    environment: options.environment ?? {},
    choices: chosen.choices,
    commandLine: options.commandLine,
    sampleEveryMs: options.sampleEveryMs ?? 5000,
  }
}

/** The template as it can be repeated from anywhere: absolute paths, no secret values. */
const recordedTask = (task: Task, script: string, handler: string | undefined): Task => ({
  ...task,
  command: script,
  ...(handler === undefined ? {} : { handler }),
  ...(task.secrets === undefined ? {} : { secrets: withoutSecretValues(task.secrets) }),
})
