import { type Command } from 'commander'
import { AppError, type Task } from '@trainyard/contract'
import { adoptRuns, type Execution, prepareRun, type PrepareOptions } from '../../execution/index.ts'
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
import { runSweep } from '../run/run-sweep.ts'
import { executionOf } from '../run/start-execution.ts'
import { reportSweep } from '../run/sweep-outcome.ts'
import { openSession, type Session } from '../session.ts'

export function define(command: Command, cli: Cli): void {
  command
    .argument('[file]', 'a Python, TypeScript or JavaScript file, or file:handler')
    .argument('[arguments...]', 'for the script, after --; {name} is replaced by the parameter')
  addRunOptions(command)
  command.action(async (file: string | undefined, arguments_: string[], options: RunOptions) => {
    using interrupts = takeInterrupts(cli)
    const built = await buildTask(cli, file, arguments_, options)
    await using session = await openSession(cli, { create: true })
    const execution = executionOf(cli, session)
    if (options.detach) return cli.print(await startDetached(execution, cli.argv))
    await execute(cli, session, execution, { ...built, options, interrupts })
    await adoptRuns(execution)
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

async function execute(cli: Cli, session: Session, execution: Execution, work: Work): Promise<void> {
  const { task, options, interrupts } = work
  const run = await prepareRun(execution, task, prepareOptions(cli, work))
  const attach = options.attach === undefined ? undefined : parseAttach(options.attach)
  if (task.sweep === undefined && attach === undefined) {
    const inheritStdin = options.task !== '-' && process.stdin.isTTY !== true
    await reportOutcome(cli, session, await runSingle(cli, execution, run, { task, record: 'create', interrupts, inheritStdin }))
    return
  }
  const sweep = task.sweep ?? { hyperParameters: {}, strategy: 'grid' as const }
  const record = await runSweep(cli, execution, run, {
    sweep,
    interrupts,
    watch: options.watch ?? false,
    ...(attach === undefined ? {} : { attach }),
  })
  await reportSweep(cli, session, record)
}
