import { once } from 'node:events'
import type { RunRecord, Task } from '@trainyard/contract'
import { type PreparedRun, runWithRetries, type StartedProcess } from '../../execution/index.ts'
import type { Cli } from '../cli.ts'
import { formatDuration, shortId } from '../output/format.ts'
import type { Session } from '../session.ts'
import type { Interrupts } from './interrupts.ts'
import { openToldExecution } from './job-execution.ts'

/** Runs one prepared run to its end with its output shown as it comes: on stdout, or on stderr when stdout is for JSON. */
export async function runSingle(
  cli: Cli,
  session: Session,
  run: PreparedRun,
  options: { task: Task; record: 'create' | 'continue'; interrupts: Interrupts; started?: StartedProcess },
): Promise<RunRecord> {
  const toStdout = !cli.globals.json && !cli.globals.quiet
  let isShown = !cli.globals.quiet
  const show = async (bytes: Uint8Array): Promise<void> => {
    if (!isShown) return
    try {
      if (toStdout) await cli.write(bytes)
      // A slow reader slows the showing down, not the script; what waits stays in its file, not in memory.
      else if (!cli.stderr.write(bytes)) await once(cli.stderr, 'drain', { signal: cli.signal })
    } catch {
      // Nobody reads any more (`| head`): the run goes on, and its output is in the records.
      isShown = false
    }
  }
  await using opened = await openToldExecution(cli, session, run)
  return await runWithRetries(opened.execution, run, {
    retries: options.task.retries ?? 0,
    signal: options.interrupts.signal,
    onStart: (job) => options.interrupts.watch(job),
    onRetry: (attempt, waitMs) => cli.note(`${shortId(run.id)} failed; attempt ${attempt} in ${formatDuration(waitMs)}`),
    events: { onOutput: show, record: options.record, ...(options.started === undefined ? {} : { started: options.started }) },
  })
}
