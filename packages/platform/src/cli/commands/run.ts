import { existsSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { Command } from 'commander'
import { AppError, type Task } from '@trainyard/contract'
import { type DataDirectory, dataDirectoryAt } from '../../base/data-directory.ts'
// Files, not the folder's index: what runs before the process of a run is started must not wait for the rest to load (15 ms).
import { locateCode, prepareRun, type PrepareOptions } from '../../execution/prepare.ts'
import type { Ground } from '../../execution/execution.ts'
import type { PreparedRun } from '../../execution/prepared-run.ts'
import { isMissing } from '../../execution/unstarted.ts'
import { cancelProcess, startProcess } from '../../execution/start-process.ts'
import type { ObjectContext } from '../../objects/index.ts'
import type { Cli } from '../cli.ts'
import { sharedDatabase } from '../database-place.ts'
import type { Staged } from '../functions/stage-named-function.ts'
import { addExamples } from '../examples.ts'
import { buildTask } from '../run/build-task.ts'
import { recordedCommandLine } from '../run/command-line.ts'
import { takeInterrupts, type Interrupts } from '../run/interrupts.ts'
import { parseDuration } from '../option-values.ts'
import { parsePairs } from '../run/parse-options.ts'
import { addRunOptions, type RunOptions } from '../run/run-options.ts'
import { groundOf } from '../run/ground.ts'
import { lazyRecords, type LazyRecords } from '../run/lazy-records.ts'
import { directoryPlace, makeDirectory } from '../open-directory.ts'

export function define(command: Command, cli: Cli): void {
  command
    .argument(
      '[file]',
      'a Python, TypeScript or JavaScript file, file:handler, hub://function, or the http:// address of a function',
    )
    .argument('[arguments...]', 'for the script, after --; {name} is replaced by the parameter')
  addRunOptions(command)
  command.action((file: string | undefined, arguments_: string[], options: RunOptions) =>
    runCommand(cli, file, arguments_, options),
  )
  addExamples(command, cli, [
    ['trainyard run training.py -p p1=5', 'a script with a parameter'],
    ['trainyard run training.py:my_job -p p1=5 -i infile.txt=s3://bucket/infile.txt', 'a function of the file, with an input'],
    ["trainyard run train.py:train -x lr='[0.1,0.3]' -x depth='[3,5,8]' --selector max.accuracy", 'a grid, in parallel'],
    [
      "trainyard run train.py:train -x 'lr=loguniform(1e-4,1e-1)' --strategy tpe --max-iterations 50 --selector min.loss",
      'a guided search',
    ],
    ['trainyard run train.py -p lr=0.1 -- --lr {lr}', 'a script that reads its own command line'],
    ['trainyard run -p p1=5 -i infile.txt=s3://bucket/infile.txt http://localhost:8070', 'a function that a server runs'],
    ['trainyard run db://default/train -p lr=0.1', 'a function that is kept: see trainyard function'],
  ])
}

/** What `run` and `function run` do. */
export async function runCommand(
  cli: Cli,
  file: string | undefined,
  arguments_: readonly string[],
  options: RunOptions,
): Promise<void> {
  if (file?.startsWith('hub://') === true) {
    const { runItem } = await import('../hub/run-item.ts')
    const item = await runItem(cli, file, options)
    return await runCommand(cli, item.file, arguments_, item.options)
  }
  using interrupts = takeInterrupts(cli)
  const isFunction = file?.startsWith('db://') === true
  const built = await buildTask(cli, isFunction ? undefined : file, arguments_, options)
  const staged = isFunction ? await stageForRun(cli, file, built.task, { signal: interrupts.signal, options }) : undefined
  const { failure, ...start } = { ...staged }
  const work = { ...built, ...start, options, interrupts }
  if (failure !== undefined) {
    await using records = lazyRecords(cli, dataDirectoryAt(directoryPlace(cli)))
    throw await kept(records, work, failure)
  }
  if (options.on !== undefined) {
    if (options.on !== 'server') throw new AppError('invalid_argument', `--on ${options.on}: expected server.`)
    const { runOnServer } = await import('../run/run-on-server.ts')
    return await runOnServer(cli, work)
  }
  const directory = dataDirectoryAt(directoryPlace(cli))
  // One that is known by its id is recorded, whatever becomes of it.
  if (options.runId === undefined && !existsSync(directory.path)) await checkFirst(cli, work.task)
  await using records = lazyRecords(cli, directory)
  if (options.detach) await cli.print(await records.use(({ detach }) => detach(work)))
  else await execute(cli, directory, records, work)
}

/** A function's own file and folder in the place of a script's. */
async function stageForRun(
  cli: Cli,
  reference: string,
  task: Task,
  context: { signal: AbortSignal; options: RunOptions },
): Promise<Staged> {
  const { stageNamedFunction } = await import('../functions/stage-named-function.ts')
  return await stageNamedFunction(cli, reference, task, context)
}

/**
 * In a folder without records a mistake that the code shows is told before any are begun. Elsewhere the process tells it, which knows
 * more.
 */
async function checkFirst(cli: Cli, task: Task): Promise<void> {
  const { file, launcher } = locateCode(task, cli.workingDirectory)
  if (file.handler === undefined || launcher.language === 'endpoint') return
  const { checkCall, readCode } = await import('../../functions/index.ts')
  const name = basename(file.script)
  checkCall({ name, code: await readCode(file.script), codeFile: name }, { ...task, handler: file.handler })
}

interface Work {
  task: Task
  /** Where the process works, when that is not where it was called. */
  workingDirectory?: string
  /** Fetched code that runs share: this one works in a copy. */
  sharedFolder?: string
  /** Automatic choices beside those of preparing it. */
  choices?: Record<string, string>
  parameterTexts: Record<string, string>
  options: RunOptions
  interrupts: Interrupts
}

const prepareOptions = (cli: Cli, { parameterTexts, options, interrupts, task }: Work): PrepareOptions => ({
  commandLine: recordedCommandLine(cli.argv, options.typed),
  parameterTexts,
  ...(options.python === undefined ? {} : { python: options.python }),
  ...(options.runId === undefined ? {} : { id: options.runId }),
  ...(options.sampleEvery === undefined ? {} : { sampleEveryMs: parseDuration(options.sampleEvery, '--sample-every') }),
  environment: parsePairs('--env', options.env, 'KEY=VALUE'),
  kind: task.sweep === undefined ? 'run' : 'sweep',
  onNote: (line) => cli.note(line),
  signal: interrupts.signal,
})

/** Code or packages that are not to be had are told on the run, which has failed. */
async function kept(records: LazyRecords, { task, options }: Work, error: AppError): Promise<AppError> {
  const kind = task.sweep === undefined ? 'run' : 'sweep'
  await records.use((work) =>
    work.recordUnstarted({ task, kind, ...(options.runId === undefined ? {} : { id: options.runId }) }, error),
  )
  return error
}

function parseAttach(text: string): { control: number; events: number } {
  const [control, events] = text.split(',').map(Number)
  if (!Number.isInteger(control) || !Number.isInteger(events))
    throw new AppError('invalid_argument', `--attach ${text}: expected two descriptors such as 3,4.`)
  return { control: control!, events: events! }
}

async function execute(cli: Cli, directory: DataDirectory, records: LazyRecords, work: Work): Promise<void> {
  const { task } = work
  const objects: ObjectContext = {
    workingDirectory: cli.workingDirectory,
    environment: cli.config.environment,
    resumeDirectory: join(directory.path, 'uploads'),
    resolveStoreUrl: (url) => records.use(({ resolveStoreUrl }) => resolveStoreUrl(url)),
  }
  const ground = groundOf(cli, directory, objects)
  const prepared = await prepareRun(ground, task, prepareOptions(cli, work)).catch(async (error: unknown) => {
    throw isMissing(error) ? await kept(records, work, error) : error
  })
  await checkNotified(cli, directory, records, task)
  // Not before: a mistaken command leaves nothing behind.
  makeDirectory(cli, directory)
  const placed = {
    ...prepared,
    choices: { ...prepared.choices, ...work.choices },
    ...(work.workingDirectory === undefined ? {} : { workingDirectory: work.workingDirectory }),
  }
  const { sharedFolder } = work
  if (sharedFolder === undefined) return await carryOut({ ground, records, work }, placed)
  const { inOwnCopy, removeSentCode } = await import('../../execution/index.ts')
  try {
    await carryOut({ ground, records, work }, await inOwnCopy(directory, placed, sharedFolder))
  } finally {
    removeSentCode(directory, prepared.id)
  }
}

/** In a folder without records nothing is made for the check: there a project has no secrets. */
async function checkNotified(cli: Cli, directory: DataDirectory, records: LazyRecords, task: Task): Promise<void> {
  const { notifications = [] } = task
  if (notifications.length === 0) return
  if (existsSync(directory.path) || sharedDatabase(cli) !== undefined)
    return await records.use(({ checkReceivers }) => checkReceivers(task))
  const { checkReceivers } = await import('../../notifications/index.ts')
  checkReceivers(notifications, { secrets: {}, allowPrivate: true })
}

async function carryOut(
  { ground, records, work }: { ground: Ground; records: LazyRecords; work: Work },
  run: PreparedRun,
): Promise<void> {
  const { task, options, interrupts } = work
  const isKnown = options.runId !== undefined
  const { sweep } = task
  const attach = options.attach === undefined ? undefined : parseAttach(options.attach)
  if (sweep !== undefined) {
    const watch = options.watch ?? false
    return records.use(({ runSweep }) =>
      runSweep(run, { sweep, interrupts, isKnown, watch, ...(attach === undefined ? {} : { attach }) }),
    )
  }
  if (attach !== undefined) return records.use(({ runAttached }) => runAttached(run, { attach, interrupts, isKnown }))
  const started = startProcess(ground, run, { inheritStdin: options.task !== '-' && !process.stdin.isTTY })
  try {
    await records.load()
  } catch (error) {
    await cancelProcess(started)
    throw error
  }
  return records.use(({ runSingle }) => runSingle(run, { task, interrupts, isKnown, started }))
}
