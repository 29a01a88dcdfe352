import type { RunExit } from '@trainyard/contract'
import type { Execution } from './execution.ts'

/**
 * An end by a signal, understood with the record at hand: `abort --force` kills from outside, and its wish in the record may not have
 * been seen by the supervisor yet.
 */
export async function withWish(
  execution: Execution,
  runId: string,
  exit: RunExit,
): Promise<{ exit: RunExit; because?: string | undefined }> {
  if (exit.kind !== 'signalled') return { exit }
  const { state, stateReason } = await execution.tracking.runs.get(runId)
  if (state !== 'aborting') return { exit }
  return { exit: { kind: 'cancelled', forced: exit.signal === 'SIGKILL' }, because: stateReason ?? undefined }
}
