import { isEnded, type RunState, type Supervisor } from '@trainyard/contract'
import type { Transaction } from '../database/index.ts'

/** Stands in for the supervisor of a run that a client watches: on a host no process here can look at. */
export const reporter = (nowMs: number): Supervisor => ({
  host: '(client)',
  bootId: '',
  pid: 0,
  startTicks: 0,
  heartbeatAtMs: nowMs,
})

export interface ReportedStateChange {
  state?: RunState
  reason?: string
  endedAtMs?: number
  name?: string
}

/** Any state may follow any other: the client knows. The state stays while one of our supervisors watches the run. */
export async function setReportedState(
  transaction: Transaction,
  number: number,
  change: ReportedStateChange,
  nowMs: number,
): Promise<void> {
  const { kysely } = transaction
  const run = await kysely
    .selectFrom('runs as r')
    .innerJoin('run_documents as d', 'd.run', 'r.number')
    .select(['r.state', 'd.supervisor'])
    .where('r.number', '=', number)
    .executeTakeFirstOrThrow()
  const supervisor = run.supervisor === null ? null : (JSON.parse(run.supervisor) as Supervisor)
  const isOurs = supervisor !== null && supervisor.host !== reporter(0).host
  const next = isOurs ? undefined : change.state
  const ends = !isOurs && change.endedAtMs !== undefined && isEnded(next ?? (run.state as RunState))
  await kysely
    .updateTable('runs')
    .set({
      updated_at: nowMs,
      ...(change.name === undefined ? {} : { name: change.name }),
      ...(next === undefined ? {} : { state: next, state_reason: change.reason ?? null }),
      ...(next === 'running' && run.state === 'pending' ? { started_at: nowMs } : {}),
      ...(ends ? { ended_at: change.endedAtMs! } : {}),
    })
    .where('number', '=', number)
    .execute()
  if (next === undefined || next === run.state) return
  if (isEnded(next) && !ends) await setEndWhenMissing(transaction, number, nowMs)
  await kysely
    .updateTable('run_documents')
    .set({ supervisor: isEnded(next) ? null : JSON.stringify(reporter(nowMs)) })
    .where('run', '=', number)
    .execute()
  const { last } = await kysely
    .selectFrom('run_states')
    .select(({ fn }) => fn.max('ordinal').as('last'))
    .where('run', '=', number)
    .executeTakeFirstOrThrow()
  await kysely
    .insertInto('run_states')
    .values({ run: number, ordinal: (last ?? 0) + 1, state: next, at: nowMs, reason: change.reason ?? null })
    .execute()
}

/** A client that names no end means now; the end it named before stays. */
const setEndWhenMissing = ({ kysely }: Transaction, run: number, nowMs: number) =>
  kysely.updateTable('runs').set({ ended_at: nowMs }).where('number', '=', run).where('ended_at', 'is', null).execute()
