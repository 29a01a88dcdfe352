import type { RunRecord } from '../api/types.ts'

/** Whether the server can start it anew: only what `trainyard run` started is known well enough. */
export const canRunAgain = (run: RunRecord): boolean => run.kind === 'run' && run.task !== null && run.code !== null

/** Whether `trainyard rerun` takes it: of an iteration it is the sweep that was started, of any other the run itself. */
export const canRerun = (run: RunRecord, sweep: RunRecord | undefined): boolean =>
  (run.kind === 'iteration' ? sweep?.task : run.task) != null
