import { join } from 'node:path'
import type { Command } from 'commander'
import { AppError, type SweepSpec, type Task } from '@trainyard/contract'
import type { DataDirectory } from '../../base/data-directory.ts'
import { cancelProcess, type PreparedRun, prepareRun, type PrepareOptions, startProcess } from '../../execution/index.ts'
import type { ObjectContext } from '../../objects/index.ts'
import type { Cli } from '../cli.ts'
import { addExamples } from '../examples.ts'
import { buildTask } from '../run/build-task.ts'
import { startDetached } from '../run/detach.ts'
import { takeInterrupts, type Interrupts } from '../run/interrupts.ts'
import { reportOutcome } from '../run/outcome.ts'
import { parseDuration } from '../option-values.ts'
import { parsePairs } from '../run/parse-options.ts'
import { addRunOptions, type RunOptions } from '../run/run-options.ts'
import { runSingle } from '../run/run-single.ts'
import { executionOf, groundOf } from '../run/start-execution.ts'
import { openDirectory } from '../open-directory.ts'
import type { Session } from '../session.ts'

export function define(command: Command, cli: Cli): void {
  command
    .argument('[file]', 'a Python, TypeScript or JavaScript file, or file:handler')
    .argument('[arguments...]', 'for the script, after --; {name} is replaced by the parameter')
  addRunOptions(command)
  command.action(async (file: string | undefined, arguments_: string[], options: RunOptions) => {
    using interrupts = takeInterrupts(cli)
    const work = { ...(await buildTask(cli, file, arguments_, options)), options, interrupts }
    const directory = openDirectory(cli, { create: true })
    let opening: Promise<Session> | undefined
    // The records are the larger part of the program: they load while the process of the run wakes up.
    const open = (): Promise<Session> =>
      (opening ??= import('../session.ts').then(({ openSessionIn }) => openSessionIn(cli, directory)))
    try {
      if (options.detach) await cli.print(await startDetached(executionOf(cli, await open()), cli.argv))
      else await execute(cli, directory, open, work)
    } finally {
      await (await opening?.catch(() => undefined))?.[Symbol.asyncDispose]()
    }
  })
  addExamples(command, cli, [
    ['trainyard run training.py -p p1=5', 'a script with a parameter'],
    ['trainyard run training.py:my_job -p p1=5 -i infile.txt=s3://bucket/infile.txt', 'a function of the file, with an input'],
    ["trainyard run train.py:train -x lr='[0.1,0.3]' -x depth='[3,5,8]' --selector max.accuracy", 'a grid, in parallel'],
    [
      "trainyard run train.py:train -x 'lr=loguniform(1e-4,1e-1)' --strategy tpe --max-iterations 50 --selector min.loss",
      'a guided search',
    ],
    ['trainyard run train.py -p lr=0.1 -- --lr {lr}', 'a script that reads its own command line'],
  ])
}

interface Work {
  task: Task
  parameterTexts: Record<string, string>
  options: RunOptions
  interrupts: Interrupts
}

const prepareOptions = (cli: Cli, { parameterTexts, options, interrupts, task }: Work): PrepareOptions => ({
  commandLine: ['trainyard', 'run', ...(task.command === undefined ? [] : [task.command])],
  parameterTexts,
  ...(options.python === undefined ? {} : { python: options.python }),
  ...(options.runId === undefined ? {} : { id: options.runId }),
  ...(options.sampleEvery === undefined ? {} : { sampleEveryMs: parseDuration(options.sampleEvery, '--sample-every') }),
  environment: parsePairs('--env', options.env, 'KEY=VALUE'),
  kind: task.sweep === undefined ? 'run' : 'sweep',
  onNote: (line) => cli.note(line),
  signal: interrupts.signal,
})

function parseAttach(text: string): { control: number; events: number } {
  const [control, events] = text.split(',').map(Number)
  if (!Number.isInteger(control) || !Number.isInteger(events))
    throw new AppError('invalid_argument', `--attach ${text}: expected two descriptors such as 3,4.`)
  return { control: control!, events: events! }
}

async function execute(cli: Cli, directory: DataDirectory, open: () => Promise<Session>, work: Work): Promise<void> {
  const { task, options, interrupts } = work
  const objects: ObjectContext = {
    workingDirectory: cli.workingDirectory,
    environment: cli.config.environment,
    resumeDirectory: join(directory.path, 'uploads'),
    resolveStoreUrl: async (url) => (await open()).objectContext.resolveStoreUrl?.(url) ?? url,
  }
  const ground = groundOf(cli, directory, objects)
  const run = await prepareRun(ground, task, prepareOptions(cli, work))
  if (task.sweep !== undefined) return runIterations(cli, await open(), run, { ...work, sweep: task.sweep })
  if (options.attach !== undefined) {
    const { runAttached } = await import('../run/run-attached.ts')
    const session = await open()
    return reportOutcome(
      cli,
      session,
      await runAttached(cli, executionOf(cli, session), run, { attach: parseAttach(options.attach), interrupts }),
    )
  }
  const inheritStdin = options.task !== '-' && !process.stdin.isTTY
  const started = startProcess(ground, run, { inheritStdin })
  const session = await open().catch(async (error: unknown) => {
    await cancelProcess(started)
    throw error
  })
  const record = await runSingle(cli, executionOf(cli, session), run, { task, record: 'create', interrupts, started })
  await reportOutcome(cli, session, record)
}

async function runIterations(
  cli: Cli,
  session: Session,
  run: PreparedRun,
  { sweep, options, interrupts }: Work & { sweep: SweepSpec },
): Promise<void> {
  const [{ runSweep }, { reportSweep }] = await Promise.all([import('../run/run-sweep.ts'), import('../run/sweep-outcome.ts')])
  const record = await runSweep(cli, executionOf(cli, session), run, {
    sweep,
    interrupts,
    watch: options.watch ?? false,
    ...(options.attach === undefined ? {} : { attach: parseAttach(options.attach) }),
  })
  await reportSweep(cli, session, record)
}
