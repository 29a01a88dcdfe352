import type { RunRecord } from '@trainyard/contract'
import { openIterationRunner, type PreparedRun, startAttachedRun } from '../../execution/index.ts'
import type { Cli } from '../cli.ts'
import type { Session } from '../session.ts'
import type { Interrupts } from './interrupts.ts'
import { openToldExecution } from './job-execution.ts'

/** Runs one function of the process that called us, in a fork of it. */
export async function runAttached(
  cli: Cli,
  session: Session,
  run: PreparedRun,
  options: { attach: { control: number; events: number }; interrupts: Interrupts },
): Promise<RunRecord> {
  await using job = await openToldExecution(cli, session, run)
  await using runner = await openIterationRunner(job.execution, run, { parallel: 1, varied: {}, attach: options.attach })
  const show = (bytes: Uint8Array): void => void (cli.globals.quiet || cli.stderr.write(bytes))
  const { running, done } = await startAttachedRun(job.execution, run, runner, { onOutput: show })
  options.interrupts.watch(running)
  return await done
}
