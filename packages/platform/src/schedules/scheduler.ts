import { setTimeout as sleep } from 'node:timers/promises'
import { claimArrivals, newestArrivals } from './arrivals.ts'
import { jittered, type FiringOptions } from './create-schedules.ts'
import { dueTimes } from './due.ts'
import { claimFiring, type ClaimedFiring, leftFirings, noteMissed, startClaimed } from './firings.ts'
import { type ScheduleRow, toSchedule } from './schedule-rows.ts'

export interface SchedulerOptions extends FiringOptions {
  /** Told of what is wrong with the schedules themselves; what is wrong with one is in its history. */
  onProblem(error: unknown): void
}

/** Fires what is due, as long as it lives. Several servers may do so at once. */
export interface Scheduler extends AsyncDisposable {
  /** Something has changed: look now rather than soon. */
  wake(): void
}

const lookEveryMs = 1_000
const atOnce = 100
/** Whoever has decided on a firing asks for its job at once; after this it must have died. */
const leftAfterMs = 30_000

export function startScheduler(options: SchedulerOptions): Scheduler {
  const stopped = new AbortController()
  let waking = Promise.withResolvers<void>()
  const state: LoopState = { leftMs: -Infinity, arrivals: undefined }
  const wake = (): void => waking.resolve()
  process.on('SIGUSR2', wake)
  const work = (async () => {
    while (!stopped.signal.aborted) {
      waking = Promise.withResolvers<void>()
      let pauseMs = lookEveryMs
      try {
        pauseMs = await look(options, state)
      } catch (error) {
        options.onProblem(error)
      }
      await Promise.race([waking.promise, sleep(pauseMs, undefined, { signal: stopped.signal }).catch(() => {})])
    }
  })()
  return {
    wake,
    [Symbol.asyncDispose]: async () => {
      process.off('SIGUSR2', wake)
      stopped.abort()
      wake()
      await work
    },
  }
}

interface LoopState {
  leftMs: number
  /** The newest artifact and model version when we last looked. */
  arrivals: string | undefined
}

/** One round: what is due is fired. How long nothing else is, at most a second. */
async function look(options: SchedulerOptions, state: LoopState): Promise<number> {
  const { database, clock } = options
  const nowMs = clock.nowMs()
  const first = await database.read(({ kysely }) =>
    kysely
      .selectFrom('schedules')
      .select('next_at')
      .where('next_at', 'is not', null)
      .orderBy('next_at')
      .limit(1)
      .executeTakeFirst(),
  )
  const firstMs = first?.next_at ?? Number.POSITIVE_INFINITY
  if (firstMs <= nowMs) {
    await start(options, await claimDue(options, nowMs))
    return 0
  }
  const newest = await database.read(newestArrivals)
  if (newest !== state.arrivals) {
    const arrived = await database.write((transaction) => claimArrivals(transaction, nowMs))
    await start(options, arrived.claimed)
    if (!arrived.isMore) state.arrivals = newest
  }
  if (performance.now() - state.leftMs > leftAfterMs) {
    await start(options, await database.read((reader) => leftFirings(reader, nowMs - leftAfterMs)))
    state.leftMs = performance.now()
  }
  return Math.min(lookEveryMs, firstMs - nowMs)
}

/** Those of one schedule one after the other: whether one starts depends on the one before it. */
async function start(options: SchedulerOptions, claimed: readonly ClaimedFiring[]): Promise<void> {
  const startAll = async (firings: readonly ClaimedFiring[]): Promise<void> => {
    for (const firing of firings) await startClaimed(options, firing).catch(options.onProblem)
  }
  await Promise.all(
    Map.groupBy(claimed, ({ schedule }) => schedule.number)
      .values()
      .map(startAll),
  )
}

function claimDue({ database }: SchedulerOptions, nowMs: number): Promise<ClaimedFiring[]> {
  return database.write(async (transaction) => {
    const due = await transaction.kysely
      .selectFrom('schedules')
      .selectAll()
      .where('next_at', '<=', nowMs)
      .orderBy('next_at')
      .limit(atOnce)
      .execute()
    const claimed: ClaimedFiring[] = []
    for (const row of due) {
      const { fire, missed, nextMs } = dueTimes(toSchedule(row), row.planned_at ?? nowMs, nowMs)
      if (missed > 0) await noteMissed(transaction, row, { missed, nowMs })
      for (const { plannedAtMs, isLate } of fire)
        claimed.push(await claimFiring(transaction, row, { plannedAtMs, nowMs, cause: isLate ? 'missed' : 'time', facts: {} }))
      await transaction.kysely.updateTable('schedules').set(advance(row, nextMs)).where('number', '=', row.number).execute()
    }
    return claimed
  })
}

const advance = ({ jitter }: ScheduleRow, nextMs: number | null) =>
  nextMs === null
    ? { planned_at: null, next_at: null, state: 'ended' }
    : { planned_at: nextMs, next_at: jittered(nextMs, jitter) }
