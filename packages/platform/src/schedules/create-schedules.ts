import { createHash, randomBytes } from 'node:crypto'
import { AppError, didYouMean } from '@trainyard/contract'
import type { Clock } from '../base/clock.ts'
import type { SecretBox } from '../base/secret-box.ts'
import type { Database, Reader, Transaction } from '../database/index.ts'
import { withoutSecretsOf } from '../execution/index.ts'
import type { Jobs } from '../jobs/index.ts'
import { checkScheduledJob, type ScheduleGrounds } from './check-scheduled-job.ts'
import { sealSecrets } from './sealed-secrets.ts'
import { claimFiring, type ClaimedFiring, readHistory, readLast, startClaimed } from './firings.ts'
import { checkTiming, nextTime, nextTimes } from './next-times.ts'
import { findScheduleRow, getScheduleRow, type ScheduleRow, toSchedule } from './schedule-rows.ts'
import {
  catchUpPolicies,
  concurrencyPolicies,
  type Firing,
  type NewSchedule,
  type ScheduleRecord,
  type Schedules,
} from './schedules.ts'

export interface SchedulesOptions extends ScheduleGrounds {
  database: Database
  jobs: Jobs
  secrets: SecretBox
  clock: Clock
  /** Something may be due sooner than before. */
  onChange?: () => void
}

/** What firing works with. */
export type FiringOptions = Omit<SchedulesOptions, 'ground' | 'checkReceivers'>

export function createSchedules(options: SchedulesOptions): Schedules {
  const { database, clock, onChange } = options
  const get = async (project: string, name: string): Promise<ScheduleRecord> =>
    toSchedule(await database.read((reader) => getScheduleRow(reader, project, name)))
  const upcoming: Schedules['upcoming'] = ({ timing, state }, count) =>
    state === 'active' ? nextTimes(timing, clock.nowMs(), count) : []
  const setState = async (project: string, name: string, state: 'active' | 'paused'): Promise<ScheduleRecord> => {
    const changed = await database.write((transaction) =>
      changeState(transaction, { project, name, state, nowMs: clock.nowMs() }),
    )
    onChange?.()
    return changed
  }
  return {
    add: async (schedule, { replace = false } = {}) => {
      const stored = await add(options, schedule, replace)
      onChange?.()
      return stored
    },
    find: async (project, name) => {
      const row = await database.read((reader) => findScheduleRow(reader, project, name))
      return row && toSchedule(row)
    },
    get,
    list: ({ project, limit = 100, after } = {}) =>
      database.read(async (reader) => {
        let query = reader.kysely.selectFrom('schedules').selectAll().orderBy('project').orderBy('name').limit(limit)
        if (project !== undefined) query = query.where('project', '=', project)
        if (after !== undefined) query = query.where('name', '>', after)
        const rows = await query.execute()
        const last = await readLast(
          reader,
          rows.map(({ number }) => number),
        )
        return rows.map((row) => {
          const schedule = toSchedule(row)
          return { ...schedule, last: last.get(row.number) ?? null, upcomingMs: upcoming(schedule, listedTimes) }
        })
      }),
    upcoming,
    history: (project, name, limit = 20) =>
      database.read(async (reader) => readHistory(reader, (await getScheduleRow(reader, project, name)).number, limit)),
    pause: (project, name) => setState(project, name, 'paused'),
    resume: (project, name) => setState(project, name, 'active'),
    fire: (project, name) => fireNow(options, (reader) => getScheduleRow(reader, project, name), { cause: 'manual', facts: {} }),
    call: (token, facts) => fireNow(options, (reader) => rowOfToken(reader, token), { cause: 'webhook', facts }),
    remove: async (project, name) => {
      await database.write(async (transaction) => {
        const { number } = await getScheduleRow(transaction, project, name)
        await transaction.kysely.deleteFrom('schedule_firings').where('schedule', '=', number).execute()
        await transaction.kysely.deleteFrom('schedules').where('number', '=', number).execute()
      })
    },
  }
}

const listedTimes = 3

const hashOf = (token: string): string => createHash('sha256').update(token).digest('hex')

async function rowOfToken({ kysely }: Reader, token: string): Promise<ScheduleRow> {
  const row = await kysely.selectFrom('schedules').selectAll().where('token', '=', hashOf(token)).executeTakeFirst()
  if (row?.state === 'active') return row
  throw new AppError('not_found', 'There is no schedule of this address, or it is paused.')
}

async function fireNow(
  options: SchedulesOptions,
  find: (reader: Reader) => Promise<ScheduleRow>,
  { cause, facts }: { cause: string; facts: Readonly<Record<string, unknown>> },
): Promise<Firing> {
  const nowMs = options.clock.nowMs()
  const claimed = await options.database.write(async (transaction): Promise<ClaimedFiring> => {
    const row = await find(transaction)
    return await claimFiring(transaction, row, { plannedAtMs: nowMs, nowMs, cause, facts })
  })
  return await startClaimed(options, claimed)
}

const longestName = 200

function check(
  { project, name, timing, jitterMs = 0, concurrency = 'allow', catchUp = 'latest' }: NewSchedule,
  nowMs: number,
): void {
  for (const [what, text] of [
    ['name', name],
    ['project', project],
  ] as const)
    // oxlint-disable-next-line no-control-regex
    if (text.trim() === '' || text.length > longestName || /[\u0000-\u001f/]/.test(text) || !text.isWellFormed())
      throw new AppError('invalid_argument', `The ${what} of a schedule has 1 to ${longestName} characters, in one line.`)
  if (!Number.isSafeInteger(jitterMs) || jitterMs < 0 || jitterMs > 24 * 3_600_000)
    throw new AppError('invalid_argument', `The jitter of a schedule is from 0 to 24 hours, not ${jitterMs} ms.`)
  if (!concurrencyPolicies.includes(concurrency))
    throw new AppError(
      'invalid_argument',
      `concurrency is one of ${concurrencyPolicies.join(', ')}${didYouMean(concurrency, [...concurrencyPolicies])}.`,
    )
  if (!catchUpPolicies.includes(catchUp))
    throw new AppError(
      'invalid_argument',
      `catchUp is one of ${catchUpPolicies.join(', ')}${didYouMean(catchUp, [...catchUpPolicies])}.`,
    )
  checkTiming(timing, nowMs)
}

/** When it fires first after a moment, with its jitter. */
export function timesAfter(timing: ScheduleRecord['timing'], jitterMs: number, nowMs: number) {
  const planned = nextTime(timing, nowMs)
  return { planned_at: planned, next_at: planned === null ? null : jittered(planned, jitterMs) }
}

export const jittered = (atMs: number, jitterMs: number): number => atMs + Math.floor(Math.random() * (jitterMs + 1))

async function add(
  { database, secrets: box, clock, ...grounds }: SchedulesOptions,
  schedule: NewSchedule,
  replace: boolean,
): Promise<ScheduleRecord & { token?: string }> {
  const nowMs = clock.nowMs()
  check(schedule, nowMs)
  await checkScheduledJob(grounds, schedule.job, schedule.project)
  await grounds.checkReceivers?.({ ...schedule.job.task, project: schedule.project })
  const { project, name, timing, jitterMs = 0, secrets = {}, isPaused = false } = schedule
  const times = isPaused ? { planned_at: null, next_at: null } : timesAfter(timing, jitterMs, nowMs)
  return await database.write(async (transaction) => {
    const known = await findScheduleRow(transaction, project, name)
    if (known && !replace)
      throw new AppError(
        'already_exists',
        `The project ${project} has a schedule "${name}" already; remove it first, or replace it.`,
      )
    // Whoever has the address of a webhook keeps it.
    const token = timing.kind === 'webhook' && known?.token == null ? randomBytes(24).toString('base64url') : undefined
    const values = {
      project,
      name,
      owner: schedule.owner,
      state: isPaused ? 'paused' : 'active',
      kind: timing.kind,
      timing: JSON.stringify(timing),
      jitter: jitterMs,
      concurrency: schedule.concurrency ?? 'allow',
      catch_up: schedule.catchUp ?? 'latest',
      job: JSON.stringify({ ...schedule.job, task: withoutSecretsOf(schedule.job.task) }),
      secrets: sealSecrets(box, secrets, schedule.job.task.notifications),
      secret_names: JSON.stringify(Object.keys(secrets)),
      labels: JSON.stringify(schedule.labels ?? {}),
      ...times,
      seen: await newestOf(transaction, timing.kind),
      token: timing.kind !== 'webhook' ? null : token === undefined ? known!.token : hashOf(token),
      created_at: known?.created_at ?? nowMs,
      updated_at: nowMs,
    }
    if (known) await transaction.kysely.updateTable('schedules').set(values).where('number', '=', known.number).execute()
    else await transaction.kysely.insertInto('schedules').values(values).execute()
    return { ...toSchedule({ ...values, number: known?.number ?? 0 }), ...(token === undefined ? {} : { token }) }
  })
}

/** What has arrived before a schedule is there is nothing to it. */
async function newestOf({ kysely }: Reader, kind: string): Promise<number | null> {
  if (kind !== 'artifact' && kind !== 'model') return null
  const table = kind === 'artifact' ? 'artifacts' : 'registry_events'
  const { newest } = await kysely
    .selectFrom(table)
    .select(({ fn }) => fn.max('number').as('newest'))
    .executeTakeFirstOrThrow()
  return newest ?? 0
}

async function changeState(
  transaction: Transaction,
  { project, name, state, nowMs }: { project: string; name: string; state: 'active' | 'paused'; nowMs: number },
): Promise<ScheduleRecord> {
  const row = await getScheduleRow(transaction, project, name)
  if (row.state === state) return toSchedule(row)
  const { timing, jitterMs } = toSchedule(row)
  const times = state === 'paused' ? { planned_at: null, next_at: null } : timesAfter(timing, jitterMs, nowMs)
  const isTimed = timing.kind === 'cron' || timing.kind === 'interval' || timing.kind === 'once'
  if (row.state === 'ended' || (state === 'active' && isTimed && times.planned_at === null))
    throw new AppError('failed_precondition', `The schedule "${name}" has ended: none of its times is still to come.`)
  const seen = state === 'active' ? await newestOf(transaction, timing.kind) : row.seen
  const change = { state, ...times, seen, updated_at: nowMs }
  await transaction.kysely.updateTable('schedules').set(change).where('number', '=', row.number).execute()
  return toSchedule({ ...row, ...change })
}
