import type { Command } from 'commander'
import { AppError, type JsonValue, type RunRecord, type Task, inferValues } from '@trainyard/contract'
import { prepareRun } from '../../execution/index.ts'
import type { Cli } from '../cli.ts'
import { shortId } from '../output/format.ts'
import { visible } from '../output/visible.ts'
import { addExamples } from '../examples.ts'
import { recordedCommandLine } from '../run/command-line.ts'
import { notificationsAgain, secretsAgain } from '../run/given-again.ts'
import { takeInterrupts } from '../run/interrupts.ts'
import { reportOutcome } from '../run/outcome.ts'
import { refuse } from '../run/refusal.ts'
import { parsePairs } from '../run/parse-options.ts'
import { rebuildScript } from '../run/rebuild-script.ts'
import { differences, withIterations } from '../run/rerun-differences.ts'
import { runSingle } from '../run/run-single.ts'
import { runSweep } from '../run/run-sweep.ts'
import { executionOf } from '../run/start-execution.ts'
import { reportSweep } from '../run/sweep-outcome.ts'
import { checkReceiversOf } from '../session-notifications.ts'
import { openSession } from '../session.ts'

interface RerunOptions {
  param: string[]
  secret: string[]
  notify: string[]
  python?: string
  current?: boolean
}

const collect = (value: string, before: string[]): string[] => [...before, value]

export function define(command: Command, cli: Cli): void {
  command
    .argument('[run]', 'the run to repeat', 'latest')
    .option('-p, --param <key=value>', 'change a parameter', collect, [])
    .option('-s, --secret <source>', 'secrets again, where they were given by value', collect, [])
    .option('--notify <where>', 'who is told when it ends, instead of those who were told then', collect, [])
    .option('--python <python>', 'path or name of the Python to use (default: the same as then)')
    .option('--current', 'use the script as it is now instead of as it was')
    .action(async (reference: string, options: RerunOptions) => {
      using interrupts = takeInterrupts(cli)
      await using session = await openSession(cli, { create: false })
      const execution = executionOf(cli, session)
      const { runs } = session.tracking
      const before = await runs.get(await runs.resolve(reference, cli.project === undefined ? {} : { project: cli.project }))
      // Iterations have no code or environment of their own: those of the sweep hold.
      const owner = before.kind === 'iteration' && before.parentId !== null ? await runs.get(before.parentId) : before
      const task: Task = {
        ...repeatedTask(owner, before, options),
        ...secretsAgain(cli, owner, options.secret),
        ...(await notificationsAgain(session, owner, options.notify)),
      }
      await checkReceiversOf(session, task, { allowPrivate: true })
      using script = options.current ? undefined : rebuildScript(session.directory, owner)
      if (script?.note !== undefined) cli.note(script.note)
      const wasPython = owner.environment?.interpreter?.['executable']
      const python = options.python ?? (task.requirements === undefined && typeof wasPython === 'string' ? wasPython : undefined)
      const run = await prepareRun(execution, script?.path === undefined ? task : { ...task, command: script.path }, {
        commandLine: recordedCommandLine(cli.argv),
        ...(python === undefined ? {} : { python }),
        kind: task.sweep === undefined ? 'run' : 'sweep',
        ...(script?.path === undefined || owner.code?.file === undefined ? {} : { originalScript: owner.code.file }),
        onNote: (line) => cli.note(line),
        signal: interrupts.signal,
      })
      const record =
        task.sweep === undefined
          ? await runSingle(cli, session, run, { task, record: 'create', interrupts })
          : await runSweep(cli, session, run, { sweep: task.sweep, interrupts, watch: false })
      await refuse(session, record, { isKnown: false })
      for (const line of differences(await withIterations(runs, before), await withIterations(runs, record)))
        cli.note(`  ${visible(line)}`)
      await (task.sweep === undefined ? reportOutcome(cli, session, record) : reportSweep(cli, session, record))
    })
  addExamples(command, cli, [
    ['trainyard rerun 0193af', 'the same code, parameters and environment; says what differs'],
    ['trainyard rerun latest -p lr=0.05', 'with one parameter changed'],
    ['trainyard rerun tune/12', 'one iteration of a sweep as a run of its own'],
  ])
}

function repeatedTask(owner: RunRecord, before: RunRecord, options: RerunOptions): Task {
  if (owner.task === null)
    throw new AppError(
      'failed_precondition',
      `Run ${shortId(before.id)} was not started by trainyard run, so there is nothing to repeat.`,
    )
  const changed = inferValues(parsePairs('-p', options.param))
  const { sweep, secrets: _secrets, notifications: _notifications, ...task } = owner.task
  const parameters: Record<string, JsonValue> =
    before.kind === 'iteration' ? { ...before.parameters, ...changed } : { ...task.parameters, ...changed }
  return {
    ...task,
    // Under the sweep's own name it would hide the sweep from whoever names it.
    name: before.kind === 'iteration' ? `${before.name}-${before.iteration}` : before.name,
    project: before.project,
    experiment: before.experiment,
    parameters,
    labels: { ...task.labels, 'rerun-of': before.id },
    ...(sweep === undefined || before.kind === 'iteration' ? {} : { sweep }),
  }
}
