import { AppError, endedStates, isAppError, newRunId, type RunState } from '@trainyard/contract'
import type { Reader, Transaction } from '../database/index.ts'
import { parseFunctionReference } from '../functions/index.ts'
import { jobOfFunction, type JobPlan } from '../jobs/index.ts'
import type { FiringOptions } from './create-schedules.ts'
import { fillIn } from './fill-in.ts'
import { type ScheduleRow, toSchedule } from './schedule-rows.ts'
import { openSecrets } from './sealed-secrets.ts'
import type { Firing, ScheduledJob, TriggerFacts } from './schedules.ts'

/** A firing that is decided on: its run has an id, and whoever asks for it, once or twice, asks for that one. */
export interface ClaimedFiring {
  number: number
  schedule: ScheduleRow
  plannedAtMs: number
  firedAtMs: number
  cause: string
  run: string
  facts: TriggerFacts
}

interface NewFiring {
  plannedAtMs: number
  nowMs: number
  cause: string
  facts: TriggerFacts
}

export async function claimFiring(
  transaction: Transaction,
  schedule: ScheduleRow,
  { plannedAtMs, nowMs, cause, facts }: NewFiring,
): Promise<ClaimedFiring> {
  const run = newRunId(nowMs)
  const number = await insertFiring(transaction, {
    schedule: schedule.number,
    planned_at: plannedAtMs,
    fired_at: nowMs,
    cause,
    outcome: 'claimed',
    run,
    reason: null,
    facts: JSON.stringify(facts),
  })
  return { number, schedule, plannedAtMs, firedAtMs: nowMs, cause, run, facts }
}

/** Times that nothing is done about, told once. */
export const noteMissed = (
  transaction: Transaction,
  schedule: ScheduleRow,
  { missed, nowMs }: { missed: number; nowMs: number },
): Promise<number> =>
  insertFiring(transaction, {
    schedule: schedule.number,
    planned_at: schedule.planned_at ?? nowMs,
    fired_at: nowMs,
    cause: 'missed',
    outcome: 'skipped',
    run: null,
    reason: `${missed} ${missed === 1 ? 'time was' : 'times were'} missed`,
    facts: '{}',
  })

const kept = 100

async function insertFiring(
  { kysely }: Transaction,
  row: Omit<FiringRow, 'state'> & { schedule: number; facts: string },
): Promise<number> {
  const { number } = await kysely.insertInto('schedule_firings').values(row).returning('number').executeTakeFirstOrThrow()
  const oldest = await kysely
    .selectFrom('schedule_firings')
    .select('number')
    .where('schedule', '=', row.schedule)
    .orderBy('number', 'desc')
    .offset(kept)
    .limit(1)
    .executeTakeFirst()
  if (oldest)
    await kysely
      .deleteFrom('schedule_firings')
      .where('schedule', '=', row.schedule)
      .where('number', '<=', oldest.number)
      .where('outcome', '!=', 'claimed')
      .execute()
  return number
}

interface FiringRow {
  planned_at: number
  fired_at: number
  cause: string
  outcome: string
  run: string | null
  reason: string | null
  /** Of the run. */
  state: string | null
}

function toFiring(row: FiringRow): Firing {
  const isStarted = row.outcome !== 'skipped' && row.outcome !== 'failed'
  return {
    plannedAtMs: row.planned_at,
    firedAtMs: row.fired_at,
    cause: row.cause,
    outcome: isStarted ? 'started' : (row.outcome as 'skipped' | 'failed'),
    runId: isStarted ? row.run : null,
    runState: isStarted ? (row.state as RunState | null) : null,
    reason: row.reason,
  }
}

const withRuns = ({ kysely }: Reader) =>
  kysely
    .selectFrom('schedule_firings as f')
    .leftJoin('runs as r', 'r.id', 'f.run')
    .select(['f.schedule', 'f.planned_at', 'f.fired_at', 'f.cause', 'f.outcome', 'f.run', 'f.reason', 'r.state'])

/** Newest first. */
export async function readHistory(reader: Reader, schedule: number, limit: number): Promise<Firing[]> {
  const rows = await withRuns(reader).where('f.schedule', '=', schedule).orderBy('f.number', 'desc').limit(limit).execute()
  return rows.map(toFiring)
}

/** The newest of each schedule that has fired. */
export async function readLast(reader: Reader, schedules: readonly number[]): Promise<Map<number, Firing>> {
  if (schedules.length === 0) return new Map()
  const rows = await withRuns(reader)
    .where('f.number', 'in', (query) =>
      query
        .selectFrom('schedule_firings')
        .select(({ fn }) => fn.max('number').as('newest'))
        .where('schedule', 'in', [...schedules])
        .groupBy('schedule'),
    )
    .execute()
  return new Map(rows.map((row) => [row.schedule, toFiring(row)]))
}

/**
 * Asks for the run of a firing, or says why not. May be repeated after a crash: the run has its id from before, and is made once.
 * Rejects only when the records cannot be reached; then it is tried again later.
 */
export async function startClaimed(options: FiringOptions, firing: ClaimedFiring): Promise<Firing> {
  const outcome = await carryOut(options, firing)
  await options.database.write(({ kysely }) =>
    kysely.updateTable('schedule_firings').set(outcome).where('number', '=', firing.number).execute(),
  )
  const { plannedAtMs: planned_at, firedAtMs: fired_at, cause, run } = firing
  return toFiring({ planned_at, fired_at, cause, run, state: outcome.outcome === 'started' ? 'pending' : null, ...outcome })
}

interface Outcome {
  outcome: 'started' | 'skipped' | 'failed'
  reason: string | null
}

async function carryOut(options: FiringOptions, firing: ClaimedFiring): Promise<Outcome> {
  const { jobs, secrets: box } = options
  const { job, concurrency, name, owner, project, labels } = toSchedule(firing.schedule)
  try {
    const atWork = concurrency === 'allow' ? [] : await options.database.read((reader) => runsAtWork(reader, firing))
    if (concurrency === 'forbid' && atWork.length > 0)
      return { outcome: 'skipped', reason: `its run ${atWork[0]!.slice(0, 12)} is still at work` }
    for (const runId of atWork)
      await jobs.abort(runId, { reason: `replaced by the next run of the schedule ${name}`, force: false })
    const facts = { ...firing.facts, planned: new Date(firing.plannedAtMs).toISOString(), schedule: name, project }
    const { host, ...filled }: ScheduledJob = { ...job, ...(await ofItsVersion(options, fillIn(job, facts), project)) }
    const { secrets, notifications } = openSecrets(box, firing.schedule.secrets, filled.task.notifications)
    await jobs.submit({
      ...filled,
      task: { ...filled.task, ...notifications, project, labels: { ...filled.task.labels, ...labels, schedule: name } },
      ...(host === undefined ? {} : { host }),
      secrets,
      runId: firing.run,
      owner,
    })
    return { outcome: 'started', reason: null }
  } catch (error) {
    if (!isAppError(error) || error.code === 'unavailable' || error.code === 'internal') throw error
    // It was asked for before a crash.
    if (await isThere(options, firing.run)) return { outcome: 'started', reason: null }
    return { outcome: 'failed', reason: error.message }
  }
}

/** A run of a function is one of the version that its reference leads to now. */
async function ofItsVersion({ functions }: FiringOptions, plan: JobPlan, project: string): Promise<JobPlan> {
  if (plan.function === undefined) return plan
  return { ...plan, ...jobOfFunction(await functions.get(parseFunctionReference(plan.function), project), plan.task) }
}

const isThere = async ({ jobs }: FiringOptions, run: string): Promise<boolean> => (await jobs.find(run)) !== undefined

async function runsAtWork({ kysely }: Reader, { schedule, run }: ClaimedFiring): Promise<string[]> {
  const rows = await kysely
    .selectFrom('schedule_firings as f')
    .innerJoin('runs as r', 'r.id', 'f.run')
    .select('r.id')
    .where('f.schedule', '=', schedule.number)
    .where('r.id', '!=', run)
    .where('r.state', 'not in', [...endedStates])
    .execute()
  return rows.map(({ id }) => id)
}

/** Firings that were decided on and whose job nobody has asked for: who was to do it has died. */
export async function leftFirings({ kysely }: Reader, beforeMs: number): Promise<ClaimedFiring[]> {
  const rows = await kysely
    .selectFrom('schedule_firings as f')
    .select(['f.number', 'f.schedule', 'f.planned_at', 'f.fired_at', 'f.cause', 'f.run', 'f.facts'])
    .where('f.outcome', '=', 'claimed')
    .where('f.fired_at', '<', beforeMs)
    .limit(100)
    .execute()
  const found: ClaimedFiring[] = []
  for (const row of rows) {
    const schedule = await kysely.selectFrom('schedules').selectAll().where('number', '=', row.schedule).executeTakeFirst()
    if (schedule === undefined || row.run === null) throw new AppError('storage', 'A firing of no schedule is in the database.')
    found.push({
      number: row.number,
      schedule,
      plannedAtMs: row.planned_at,
      firedAtMs: row.fired_at,
      cause: row.cause,
      run: row.run,
      facts: JSON.parse(row.facts) as TriggerFacts,
    })
  }
  return found
}
