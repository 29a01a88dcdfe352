import { setTimeout as delay } from 'node:timers/promises'
import type { Command } from 'commander'
import { AppError, isEnded, type RunRecord, type RunState, type Task } from '@trainyard/contract'
import { adoptRuns, type Execution, prepareRun, type PreparedRun, supervisorStatus } from '../../execution/index.ts'
import type { Cli } from '../cli.ts'
import { countOf, shortId } from '../output/format.ts'
import { visible } from '../output/visible.ts'
import { addExamples } from '../examples.ts'
import { parseCount } from '../option-values.ts'
import { secretsAgain } from '../run/given-again.ts'
import { recordedCommandLine } from '../run/command-line.ts'
import { takeInterrupts, type Interrupts } from '../run/interrupts.ts'
import { reportOutcome } from '../run/outcome.ts'
import { runSingle } from '../run/run-single.ts'
import { runSweep } from '../run/run-sweep.ts'
import { executionOf } from '../run/start-execution.ts'
import { reportSweep } from '../run/sweep-outcome.ts'
import type { RunRecords } from '../../tracking/index.ts'
import { extendedSweep } from '../../tuning/index.ts'
import { openSession } from '../session.ts'

interface ResumeOptions {
  secret: string[]
  python?: string
  retryFailed?: boolean
  selector?: string
  maxIterations?: string
}

export function define(command: Command, cli: Cli): void {
  command
    .argument('[run]', 'the interrupted run or sweep', 'latest')
    .option(
      '-s, --secret <source>',
      'secrets again, where they were given by value',
      (value: string, before: string[]) => [...before, value],
      [],
    )
    .option('--python <python>', 'path or name of the Python to use')
    .option('--retry-failed', 'run the failed iterations of a sweep again, also of a complete one')
    .option('--selector <selector>', 'choose the best iteration of a sweep anew, such as max.accuracy or min.loss')
    .option('--max-iterations <count>', 'give a sweep so many iterations in all, also a complete one')
    .action(async (reference: string, options: ResumeOptions) => {
      using interrupts = takeInterrupts(cli)
      await using session = await openSession(cli, { create: false })
      const execution = executionOf(cli, session)
      await adoptRuns(execution)
      const { runs } = session.tracking
      const id = await runs.resolve(reference, cli.project === undefined ? {} : { project: cli.project })
      const record = await withoutOrphans(cli, execution, id, interrupts)
      const task = await resumableTask({ cli, runs }, record, options)
      const run = await prepareAgain(cli, execution, record, { task, options, interrupts })
      if (task.sweep === undefined) {
        const done = await runSingle(cli, session, run, { task, record: 'continue', interrupts })
        return await reportOutcome(cli, session, done)
      }
      const iterations = await runs.children(id)
      const count = (wanted: RunState): number => iterations.filter(({ state }) => state === wanted).length
      const again = options.retryFailed === true ? ` ${countOf(count('failed'), 'failed one')} will be tried again.` : ''
      cli.note(`Resuming ${visible(record.name)} ${shortId(id)}: ${count('completed')} iterations are complete.${again}`)
      const sweep = options.selector === undefined ? task.sweep : { ...task.sweep, selector: options.selector }
      const isExtended = options.maxIterations !== undefined
      const resume = {
        retryFailed: options.retryFailed ?? false,
        onlyRepeats: record.state === 'completed' && !isExtended,
        isExtended,
      }
      const done = await runSweep(cli, session, run, { sweep, interrupts, resume, watch: false })
      await reportSweep(cli, session, done)
    })
  addExamples(command, cli, [
    ['trainyard resume', 'go on with the newest run'],
    ['trainyard resume tune-iris', 'finish exactly the missing iterations of a sweep'],
    ['trainyard resume tune-iris --retry-failed', 'try those again that failed, the best one is chosen anew'],
    ['trainyard resume tune-iris --max-iterations 100', 'more of them: those that are there stay, the others go on from them'],
    ['trainyard resume tune-iris --selector min.loss', 'choose the best iteration by another result'],
  ])
}

const pollMs = 200

/** The record, once iterations that outlived their supervisor have come to their ends: what they do need not be done again. */
async function withoutOrphans(cli: Cli, execution: Execution, id: string, interrupts: Interrupts): Promise<RunRecord> {
  const { runs } = execution.tracking
  for (let told = false; ; told = true) {
    const record = await runs.get(id)
    const isWatched = record.supervisor !== null && supervisorStatus(record.supervisor) !== 'gone'
    if (record.kind !== 'sweep' || isEnded(record.state) || isWatched) return record
    if (interrupts.signal.aborted)
      throw new AppError('aborted', 'Not resumed: interrupted while its last iterations were still running.')
    if (!told) cli.note(`${visible(record.name)} ${shortId(id)}: waiting for iterations that outlived their supervisor.`)
    await delay(pollMs)
    await adoptRuns(execution)
  }
}

/** Refuses what cannot be gone on with, in one sentence each. */
async function resumableTask(
  { cli, runs }: { cli: Cli; runs: RunRecords },
  record: RunRecord,
  options: ResumeOptions,
): Promise<Task> {
  const who = `${visible(record.name)} ${shortId(record.id)}`
  const isSweepOnly = options.retryFailed === true || options.selector !== undefined || options.maxIterations !== undefined
  if (isSweepOnly && record.kind !== 'sweep')
    throw new AppError(
      'failed_precondition',
      `${who} is no sweep, and --retry-failed, --selector and --max-iterations speak of iterations.`,
    )
  if (record.state === 'completed' && !isSweepOnly) {
    const failed = record.sweep?.failed ?? 0
    const other = failed > 0 ? `--retry-failed runs its ${countOf(failed, 'failed iteration')} again, and ` : ''
    throw new AppError('failed_precondition', `${who} is complete; ${other}\`trainyard rerun\` runs it anew.`)
  }
  if (record.state === 'running' || record.state === 'aborting' || record.state === 'pending') {
    const watcher = record.supervisor === null ? '' : ` (process ${record.supervisor.pid} on ${record.supervisor.host})`
    throw new AppError('failed_precondition', `${who} is ${record.state}${watcher}; abort it first.`)
  }
  if (record.kind === 'iteration') throw new AppError('failed_precondition', `${who} is an iteration; resume its sweep.`)
  if (record.task === null)
    throw new AppError('failed_precondition', `${who} was not started by trainyard run, so there is nothing to start again.`)
  const { maxIterations } = options
  const { secrets: _before, ...task } = record.task
  return {
    ...task,
    ...secretsAgain(cli, record, options.secret),
    ...(maxIterations === undefined
      ? {}
      : {
          sweep: await extendedSweep(record, {
            maxIterations: parseCount(maxIterations, '--max-iterations'),
            existing: await runs.children(record.id),
          }),
        }),
  }
}

async function prepareAgain(
  cli: Cli,
  execution: Execution,
  record: RunRecord,
  again: { task: Task; options: ResumeOptions; interrupts: Interrupts },
): Promise<PreparedRun> {
  const run = await prepareRun(
    execution,
    { ...again.task, name: record.name, project: record.project, experiment: record.experiment },
    {
      // What made the run; of one that was killed at once nothing is known.
      commandLine: record.code?.commandLine ?? recordedCommandLine(cli.argv),
      ...(again.options.python === undefined ? {} : { python: again.options.python }),
      id: record.id,
      attempt: record.attempt + 1,
      kind: record.kind,
      onNote: (line) => cli.note(line),
      signal: again.interrupts.signal,
    },
  )
  return { ...run, outPath: record.outPath }
}
