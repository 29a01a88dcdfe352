import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { AppError, type JsonValue, type SweepSpec, type Task, inferValues } from '@trainyard/contract'
// Files, not the folders' indexes, for the reason told in `commands/run.ts`.
import { parseTask, readTaskFile } from '../../execution/task-file.ts'
import { parseNotification } from '../../notifications/parse-notification.ts'
import { parseHyperParameter } from '../../tuning/hyper-parameter-text.ts'
import type { Cli } from '../cli.ts'
import { parseCount, parseDuration } from '../option-values.ts'
import { parsePairs, parseSecretSources } from './parse-options.ts'
import type { RunOptions } from './run-options.ts'

async function readStdin(cli: Cli): Promise<string> {
  const pieces: Buffer[] = []
  for await (const piece of cli.stdin) pieces.push(Buffer.from(piece as Uint8Array | string))
  return Buffer.concat(pieces).toString('utf8')
}

async function baseTask(cli: Cli, options: RunOptions): Promise<Task> {
  if (options.task === undefined) return {}
  if (options.task !== '-') return readTaskFile(options.task, cli.workingDirectory)
  const text = await readStdin(cli)
  try {
    return await parseTask(JSON.parse(text), 'standard input')
  } catch (error) {
    if (error instanceof SyntaxError)
      throw new AppError('invalid_argument', `Standard input is not a task in JSON: ${error.message}.`, { cause: error })
    throw error
  }
}

const strategies = ['grid', 'list', 'random', 'tpe', 'custom'] as const

function parseStrategy(text: string): (typeof strategies)[number] {
  const strategy = strategies.find((name) => name === text)
  if (strategy === undefined)
    throw new AppError('invalid_argument', `--strategy ${text}: expected one of ${strategies.join(', ')}.`)
  return strategy
}

function parsePruner(text: string): NonNullable<SweepSpec['pruner']> {
  const match = /^asha(?:\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\))?$/.exec(text.trim())
  if (!match) throw new AppError('invalid_argument', `--pruner ${text}: expected asha, or asha(minSteps, reductionFactor).`)
  return {
    type: 'asha',
    ...(match[1] === undefined ? {} : { minSteps: Number(match[1]) }),
    ...(match[2] === undefined ? {} : { reductionFactor: Number(match[2]) }),
  }
}

function sweepOf(options: RunOptions, base: SweepSpec | undefined): SweepSpec | undefined {
  const hyper = Object.entries(parsePairs('-x', options.hyper, 'key=[values]')).map(
    ([key, text]) => [key, parseHyperParameter(key, text)] as const,
  )
  const sweep: SweepSpec = {
    ...base,
    ...(hyper.length === 0 ? {} : { hyperParameters: { ...base?.hyperParameters, ...Object.fromEntries(hyper) } }),
    ...(options.paramFile === undefined ? {} : { parameterFile: options.paramFile }),
    ...(options.strategy === undefined ? {} : { strategy: parseStrategy(options.strategy) }),
    ...(options.selector === undefined ? {} : { selector: options.selector }),
    ...(options.parallel === undefined ? {} : { parallel: parseCount(options.parallel, '--parallel') }),
    ...(options.maxIterations === undefined ? {} : { maxIterations: parseCount(options.maxIterations, '--max-iterations') }),
    ...(options.maxErrors === undefined ? {} : { maxErrors: parseCount(options.maxErrors, '--max-errors') }),
    ...(options.stop === undefined ? {} : { stopCondition: options.stop }),
    ...(options.seed === undefined ? {} : { seed: parseCount(options.seed, '--seed', 0) }),
    ...(options.pruner === undefined ? {} : { pruner: parsePruner(options.pruner) }),
    ...(options.iterationTimeout === undefined
      ? {}
      : { iterationTimeoutMs: parseDuration(options.iterationTimeout, '--iteration-timeout') }),
  }
  if (sweep.hyperParameters === undefined && sweep.parameterFile === undefined) {
    const flag = Object.keys(sweep).length > 0 && base === undefined
    if (flag) throw new AppError('invalid_argument', 'A sweep needs hyper-parameters: give -x key=[values] or --param-file.')
    return undefined
  }
  return sweep
}

/** A file of requirements, or names of packages with commas between. */
const requirementsOf = (text: string, workingDirectory: string): string[] => {
  const path = resolve(workingDirectory, text)
  if (existsSync(path)) return [path.endsWith('.toml') ? path : `-r ${path}`]
  return text.split(',').map((name) => name.trim())
}

/** A handler reads no command line: `key=value` behind it is a parameter whose `-p` was forgotten. */
function checkHandlerWords(file: string | undefined, base: Task, options: RunOptions, words: readonly string[]): void {
  const isHandler = options.handler !== undefined || base.handler !== undefined || /\.\w+:[\w.:]+$/.test(file ?? '')
  const forgotten = isHandler ? words.find((word) => /^[A-Za-z_]\w*=/.test(word)) : undefined
  if (forgotten !== undefined)
    throw new AppError('invalid_argument', `"${forgotten}" would be ignored: give it to the handler as -p ${forgotten}.`)
}

const moments = ['completed', 'failed', 'aborted'] as const

function momentsOf(text: string): (typeof moments)[number][] {
  return text.split(',').map((word) => {
    // As MLRun has it.
    const wanted = word.trim() === 'error' ? 'failed' : word.trim()
    const moment = moments.find((each) => each === wanted)
    if (moment === undefined)
      throw new AppError('invalid_argument', `--notify-when takes ${moments.join(', ')}, not '${word.trim()}'.`)
    return moment
  })
}

function notificationsOf(options: RunOptions, base: Task['notifications']): Pick<Task, 'notifications'> {
  const shared = {
    ...(options.notifyWhen === undefined ? {} : { when: momentsOf(options.notifyWhen) }),
    ...(options.notifyIf === undefined ? {} : { condition: options.notifyIf }),
    ...(options.notifyMessage === undefined ? {} : { message: options.notifyMessage }),
  }
  if (options.notify.length === 0 && Object.keys(shared).length > 0 && base === undefined)
    throw new AppError('invalid_argument', 'Say who is to be told: --notify console, --notify slack=$SLACK_WEBHOOK.')
  const given = options.notify.map((text) => ({ ...parseNotification(text), ...shared }))
  return given.length === 0 && base === undefined ? {} : { notifications: [...(base ?? []), ...given] }
}

export interface BuiltTask {
  task: Task
  parameterTexts: Record<string, string>
  /** What a background process cannot read again, or may not be given in words: see `DetachOptions`. */
  handOver?: Task
}

/** Behind `--` the first word is no file when a program is named. */
const programWords = (file: string | undefined, rest: readonly string[]): string[] =>
  file === undefined ? [...rest] : [file, ...rest]

function serverOptions(options: RunOptions, base: Task): Partial<Task> {
  const { cpus, memory, gpus, priority, pendingTimeout, image } = options
  const resources = {
    ...base.resources,
    ...(cpus === undefined ? {} : { cpu: cpus }),
    ...(memory === undefined ? {} : { memory }),
    ...(gpus === undefined ? {} : { gpus: parseCount(gpus, '--gpus', 0) }),
  }
  return {
    ...(Object.keys(resources).length === 0 ? {} : { resources }),
    ...(priority === undefined ? {} : { priority: parsePriority(priority) }),
    ...(pendingTimeout === undefined ? {} : { pendingTimeoutMs: parseDuration(pendingTimeout, '--pending-timeout') }),
    ...(image === undefined ? {} : { image }),
  }
}

function parsePriority(text: string): number {
  const number = Number(text)
  if (Number.isInteger(number) && Math.abs(number) <= 1000 && text.trim() !== '') return number
  throw new AppError('invalid_argument', `--priority ${text}: expected a whole number from -1000 to 1000.`)
}

/** Flags win over the task file; parameters, inputs and labels are merged key by key. */
export async function buildTask(
  cli: Cli,
  file: string | undefined,
  arguments_: readonly string[],
  options: RunOptions,
): Promise<BuiltTask> {
  const base = await baseTask(cli, options)
  const parameterTexts = parsePairs('-p', options.param)
  const parameters: Record<string, JsonValue> = {
    ...(base.parameters as Record<string, JsonValue> | undefined),
    ...inferValues(parameterTexts),
  }
  const { sweep: _sweep, ...plain } = base
  checkHandlerWords(file, base, options, arguments_)
  const sweep = sweepOf(options, base.sweep)
  const task: Task = {
    ...plain,
    ...(options.name === undefined ? {} : { name: options.name }),
    ...(cli.project === undefined ? {} : { project: cli.project }),
    ...(options.experiment === undefined ? {} : { experiment: options.experiment }),
    ...(file === undefined || options.program !== undefined ? {} : { command: file }),
    ...(options.handler === undefined ? {} : { handler: options.handler }),
    ...(options.program === undefined ? {} : { program: [options.program, ...programWords(file, arguments_)] }),
    ...(arguments_.length === 0 || options.program !== undefined ? {} : { arguments: [...arguments_] }),
    ...(Object.keys(parameters).length === 0 ? {} : { parameters }),
    inputs: { ...base.inputs, ...parsePairs('-i', options.input, 'key=url') },
    labels: { ...base.labels, ...parsePairs('--label', options.label) },
    ...(options.returns.length === 0 ? {} : { returns: options.returns }),
    ...(options.secret.length === 0 && base.secrets === undefined
      ? {}
      : { secrets: [...(base.secrets ?? []), ...parseSecretSources(options.secret)] }),
    ...(options.outPath === undefined ? {} : { outPath: options.outPath }),
    ...(options.requirements === undefined ? {} : { requirements: requirementsOf(options.requirements, cli.workingDirectory) }),
    ...(options.retries === undefined ? {} : { retries: parseCount(options.retries, '--retries', 0) }),
    ...(options.timeout === undefined ? {} : { timeoutMs: parseDuration(options.timeout, '--timeout') }),
    ...(options.autolog === undefined ? {} : { autolog: options.autolog }),
    ...(sweep === undefined ? {} : { sweep }),
    ...serverOptions(options, base),
    ...notificationsOf(options, base.notifications),
  }
  const isSecret =
    task.secrets?.some(({ kind }) => kind === 'inline') === true ||
    task.notifications?.some(({ secretParams }) => secretParams !== undefined) === true
  const handOver = {
    ...base,
    ...(task.secrets === undefined ? {} : { secrets: task.secrets }),
    ...(task.notifications === undefined ? {} : { notifications: task.notifications }),
  }
  return { task, parameterTexts, ...(options.task === '-' || isSecret ? { handOver } : {}) }
}
