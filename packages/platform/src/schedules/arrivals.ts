import type { Reader, Transaction } from '../database/index.ts'
import { claimFiring, type ClaimedFiring } from './firings.ts'
import { type ScheduleRow, toSchedule } from './schedule-rows.ts'
import type { TriggerFacts } from './schedules.ts'

/** Arrivals of one schedule taken in one go. */
const atOnce = 100
const manyNumbers = 1_000

/** Another text whenever an artifact or an event of the registry has come. Two looks at the ends of indexes. */
export async function newestArrivals({ kysely }: Reader): Promise<string> {
  const newest = (table: 'artifacts' | 'registry_events') =>
    kysely
      .selectFrom(table)
      .select(({ fn }) => fn.max('number').as('newest'))
      .executeTakeFirstOrThrow()
  const [artifact, event] = await Promise.all([newest('artifacts'), newest('registry_events')])
  return `${artifact.newest ?? 0} ${event.newest ?? 0}`
}

interface Arrival {
  number: number
  cause: string
  facts: TriggerFacts
}

/** Firings for what has arrived since each schedule looked last. */
export async function claimArrivals(
  transaction: Transaction,
  nowMs: number,
): Promise<{ claimed: ClaimedFiring[]; isMore: boolean }> {
  const schedules = await transaction.kysely
    .selectFrom('schedules')
    .selectAll()
    .where('kind', 'in', ['artifact', 'model'])
    .where('state', '=', 'active')
    .execute()
  const [artifact = 0, event = 0] = (await newestArrivals(transaction)).split(' ').map(Number)
  const claimed: ClaimedFiring[] = []
  let isMore = false
  for (const row of schedules) {
    const arrivals = row.kind === 'artifact' ? await artifactsFor(transaction, row) : await versionsFor(transaction, row)
    for (const { cause, facts } of arrivals)
      claimed.push(await claimFiring(transaction, row, { plannedAtMs: nowMs, nowMs, cause, facts }))
    const isFull = arrivals.length === atOnce
    isMore ||= isFull
    const newest = row.kind === 'artifact' ? artifact : event
    // Where nothing came, what was looked at is noted now and then only.
    if (arrivals.length === 0 && newest - (row.seen ?? 0) < manyNumbers) continue
    const seen = isFull ? arrivals.at(-1)!.number : newest
    await transaction.kysely.updateTable('schedules').set({ seen }).where('number', '=', row.number).execute()
  }
  return { claimed, isMore }
}

/** What its own runs log does not fire it again: that would never end. */
const ownRuns = ({ kysely }: Reader, schedule: number) =>
  kysely
    .selectFrom('schedule_firings as f')
    .innerJoin('runs as own', 'own.id', 'f.run')
    .select('own.number')
    .where('f.schedule', '=', schedule)

async function artifactsFor(reader: Transaction, row: ScheduleRow): Promise<Arrival[]> {
  const { timing } = toSchedule(row)
  if (timing.kind !== 'artifact') return []
  let query = reader.kysely
    .selectFrom('artifacts as a')
    .innerJoin('projects as p', 'p.number', 'a.project')
    .leftJoin('runs as r', 'r.number', 'a.run')
    .select(['a.number', 'a.id', 'a.key', 'a.kind', 'a.target', 'r.id as run'])
    .where('a.number', '>', row.seen ?? 0)
    .where('p.name', '=', row.project)
    .where((each) => each.or([each('a.run', 'is', null), each('a.run', 'not in', ownRuns(reader, row.number))]))
    .orderBy('a.number')
    .limit(atOnce)
  if (timing.key !== undefined) query = query.where('a.key', '=', timing.key)
  if (timing.tag !== undefined) {
    const { tag } = timing
    query = query.where((each) =>
      each.exists(
        each.selectFrom('artifact_tags as t').select('t.tag').whereRef('t.artifact', '=', 'a.number').where('t.tag', '=', tag),
      ),
    )
  }
  const found = await query.execute()
  return found.map(({ number, id, key, kind, target, run }) => ({
    number,
    cause: `artifact ${key}`,
    facts: {
      artifact: { id, key, kind, target, run, uri: run === null ? target : `store://${row.project}/${key}@${run}` },
    },
  }))
}

async function versionsFor(reader: Transaction, row: ScheduleRow): Promise<Arrival[]> {
  const { timing } = toSchedule(row)
  if (timing.kind !== 'model') return []
  let query = reader.kysely
    .selectFrom('registry_events as e')
    .innerJoin('registered_models as m', 'm.number', 'e.model')
    .innerJoin('projects as p', 'p.number', 'm.project')
    .leftJoin('model_versions as v', (join) => join.onRef('v.model', '=', 'm.number').onRef('v.version', '=', 'e.version'))
    .leftJoin('runs as r', 'r.id', 'v.run_id')
    .select(['e.number', 'e.version', 'm.name', 'v.run_id'])
    .where('e.number', '>', row.seen ?? 0)
    .where('e.kind', '=', 'version_created')
    .where('p.name', '=', row.project)
    .where((each) => each.or([each('r.number', 'is', null), each('r.number', 'not in', ownRuns(reader, row.number))]))
    .orderBy('e.number')
    .limit(atOnce)
  if (timing.model !== undefined) query = query.where('m.name', '=', timing.model)
  const found = await query.execute()
  return found.map(({ number, version, name, run_id: run }) => ({
    number,
    cause: `model ${name} version ${version}`,
    facts: { model: { name, version, run, uri: `models:/${name}/${version}` } },
  }))
}
