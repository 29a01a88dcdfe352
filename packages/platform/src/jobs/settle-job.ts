import type { JobRow } from './job-rows.ts'
import type { WorkerOptions } from './worker-options.ts'

/** What became of a job in a server's hands. */
export type Outcome =
  | { kind: 'ended' }
  /** Back to the queue, for another attempt or because it never began. */
  | { kind: 'again'; readyAtMs: number; attempt: number }

export const settleJob = (
  { database, execution }: WorkerOptions,
  row: JobRow,
  { outcome, owner }: { outcome: Outcome; owner: string },
): Promise<void> =>
  database.write(async ({ kysely }) => {
    const free = { lease_owner: null, lease_until: null }
    const change =
      outcome.kind === 'ended'
        ? { ...free, state: 'ended', ended_at: execution.clock.nowMs(), secrets: null }
        : { ...free, lease_host: null, leased_at: null, state: 'queued', ready_at: outcome.readyAtMs, attempt: outcome.attempt }
    // Of one that was taken from us the other server decides.
    await kysely.updateTable('jobs').set(change).where('number', '=', row.number).where('lease_owner', '=', owner).execute()
  })
