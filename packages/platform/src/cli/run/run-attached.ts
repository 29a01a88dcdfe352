import type { RunRecord } from '@trainyard/contract'
import { type Execution, openIterationRunner, type PreparedRun, startAttachedRun, withSecrets } from '../../execution/index.ts'
import type { Cli } from '../cli.ts'
import type { Interrupts } from './interrupts.ts'

/** Runs one function of the process that called us, in a fork of it. */
export async function runAttached(
  cli: Cli,
  execution: Execution,
  run: PreparedRun,
  options: { attach: { control: number; events: number }; interrupts: Interrupts },
): Promise<RunRecord> {
  await using runner = await openIterationRunner(execution, run, { parallel: 1, attach: options.attach })
  const show = (bytes: Uint8Array): void => void (cli.globals.quiet || cli.stderr.write(bytes))
  const { running, done } = await startAttachedRun(withSecrets(execution, run.secrets), run, runner, { onOutput: show })
  options.interrupts.watch(running)
  return await done
}
