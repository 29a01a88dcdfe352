import type { RunRecord, Task } from '@trainyard/contract'
import { type Execution, type PreparedRun, runWithRetries, type StartedProcess, withSecrets } from '../../execution/index.ts'
import type { Cli } from '../cli.ts'
import { formatDuration, shortId } from '../output/format.ts'
import type { Interrupts } from './interrupts.ts'

/** Runs one prepared run to its end with its output shown as it comes: on stdout, or on stderr when stdout is for JSON. */
export function runSingle(
  cli: Cli,
  execution: Execution,
  run: PreparedRun,
  options: { task: Task; record: 'create' | 'continue'; interrupts: Interrupts; started?: StartedProcess },
): Promise<RunRecord> {
  const toStdout = !cli.globals.json && !cli.globals.quiet
  const show = async (bytes: Uint8Array): Promise<void> => {
    if (toStdout) await cli.write(bytes)
    else if (!cli.globals.quiet) cli.stderr.write(bytes)
  }
  return runWithRetries(withSecrets(execution, run.secrets), run, {
    retries: options.task.retries ?? 0,
    signal: options.interrupts.signal,
    onStart: (job) => options.interrupts.watch(job),
    onRetry: (attempt, waitMs) => cli.note(`${shortId(run.id)} failed; attempt ${attempt} in ${formatDuration(waitMs)}`),
    events: { onOutput: show, record: options.record, ...(options.started === undefined ? {} : { started: options.started }) },
  })
}
