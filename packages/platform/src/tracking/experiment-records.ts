import { AppError } from '@trainyard/contract'
import type { Clock } from '../base/clock.ts'
import {
  type ColumnValue,
  type Database,
  type Reader,
  type Transaction,
  ensureProject,
  numberListQuery,
} from '../database/index.ts'
import { noteChange, noteChanges } from './change-notes.ts'
import { searchExperiments } from './experiment-search.ts'
import { checkName, checkValue } from './record-names.ts'
import { readByRunId } from './run-number.ts'
import type { ExperimentRecord, ExperimentRecords } from './tracking.ts'

export function createExperimentRecords(database: Database, clock: Clock): ExperimentRecords {
  const change = (id: string, apply: (transaction: Transaction, number: number, nowMs: number) => Promise<void>) =>
    database.write(async (transaction) => {
      const number = toNumber(id)
      await apply(transaction, number, clock.nowMs())
      await noteChange(transaction, 'experiment', number)
    })
  const checkNames = ({ project, name }: { project: string; name: string }): void => {
    checkName('experiment name', name)
    checkName('project name', project)
  }
  return {
    create: async (experiment) => {
      checkNames(experiment)
      for (const [key, value] of Object.entries(experiment.tags ?? {})) checkValue('tag', key, value)
      return await database.write((transaction) => create(transaction, experiment, clock.nowMs()))
    },
    ensure: async (project, name) => {
      checkNames({ project, name })
      return await database.write(async (transaction) => {
        const known = await findByName(transaction, project, name)
        return (known ?? (await create(transaction, { project, name }, clock.nowMs()))).id
      })
    },
    ensureDefault: () => database.write((transaction) => ensureDefault(transaction, clock.nowMs())),
    find: (id) =>
      database.read(async (reader) => (/^\d{1,15}$/.test(id) ? (await loadExperiments(reader, [Number(id)]))[0] : undefined)),
    findByName: (project, name) => database.read((reader) => findByName(reader, project, name)),
    ofRuns: (runIds) => database.read((reader) => readByRunId(reader, runIds, ofRuns)),
    rename: async (id, name) => {
      checkName('experiment name', name)
      await change(id, (transaction, number, nowMs) => rename(transaction, number, name, nowMs))
    },
    trash: (id) => change(id, (transaction, number, nowMs) => setTrashed(transaction, number, nowMs, nowMs)),
    restore: (id) => change(id, (transaction, number, nowMs) => setTrashed(transaction, number, null, nowMs)),
    setTags: async (id, tags) => {
      for (const [key, value] of Object.entries(tags)) checkValue('tag', key, value)
      await change(id, (transaction, number) => putTags(transaction, number, tags))
    },
    search: (query) => database.read((reader) => searchExperiments(reader, query, loadExperiments)),
  }
}

const unknown = (id: string | number) =>
  new AppError('not_found', `There is no experiment ${id}.`, { details: { experimentId: id } })

function toNumber(id: string): number {
  if (!/^\d{1,15}$/.test(id)) throw unknown(id)
  return Number(id)
}

async function create(
  transaction: Transaction,
  { project, name, artifactLocation, tags }: Parameters<ExperimentRecords['create']>[0],
  nowMs: number,
): Promise<ExperimentRecord> {
  const owner = await ensureProject(transaction, project, nowMs)
  if (await findByName(transaction, project, name))
    throw new AppError('already_exists', `There is an experiment '${name}' in the project ${project} already.`)
  const { number } = await transaction.kysely
    .insertInto('experiments')
    .values({ project: owner, name, created_at: nowMs, artifact_location: artifactLocation ?? null })
    .returning('number')
    .executeTakeFirstOrThrow()
  await putTags(transaction, number, tags ?? {})
  await noteChange(transaction, 'experiment', number)
  return (await loadExperiments(transaction, [number]))[0]!
}

async function ensureDefault(transaction: Transaction, nowMs: number): Promise<void> {
  const { kysely } = transaction
  if (await kysely.selectFrom('experiments').select('number').where('number', '=', 0).executeTakeFirst()) return
  const project = await ensureProject(transaction, 'default', nowMs)
  const taken = await findByName(transaction, 'default', 'Default')
  await kysely
    .insertInto('experiments')
    .values({ number: 0, project, name: taken ? 'Default (0)' : 'Default', created_at: nowMs })
    .execute()
}

async function findByName(reader: Reader, project: string, name: string): Promise<ExperimentRecord | undefined> {
  const row = await reader.kysely
    .selectFrom('experiments as e')
    .innerJoin('projects as p', 'p.number', 'e.project')
    .select('e.number')
    .where('p.name', '=', project)
    .where('e.name', '=', name)
    .executeTakeFirst()
  return row && (await loadExperiments(reader, [row.number]))[0]
}

/** Of runs by the integer keys of their experiments. */
export async function experimentsByNumber(reader: Reader, numbers: Iterable<number>): Promise<Map<number, ExperimentRecord>> {
  const experiments = await loadExperiments(reader, [...new Set(numbers)])
  return new Map(experiments.map((experiment) => [Number(experiment.id), experiment]))
}

const experimentsOfRuns = numberListQuery(({ kysely }, runs) =>
  kysely.selectFrom('runs').select(['number', 'experiment']).where('number', 'in', runs),
)

async function ofRuns(reader: Reader, runs: readonly number[]): Promise<Map<number, ExperimentRecord>> {
  const rows = (await reader.arrays(experimentsOfRuns(reader, runs))) as [number, number][]
  const byNumber = await experimentsByNumber(
    reader,
    rows.map(([, experiment]) => experiment),
  )
  return new Map(rows.map(([run, experiment]) => [run, byNumber.get(experiment)!]))
}

/** In the order given; those that do not exist are left out. */
async function loadExperiments(reader: Reader, numbers: readonly number[]): Promise<ExperimentRecord[]> {
  if (numbers.length === 0) return []
  const [rows, tags] = await Promise.all([
    reader.arrays(experimentsQuery(reader, numbers)),
    reader.arrays(experimentTagsQuery(reader, numbers)),
  ])
  const found = new Map(rows.map((row) => [row[0] as number, toRecord(row)]))
  for (const [number, key, value] of tags) found.get(number as number)!.tags[key as string] = value as string
  return numbers.flatMap((number) => found.get(number) ?? [])
}

const experimentsQuery = numberListQuery(({ kysely }, numbers) =>
  kysely
    .selectFrom('experiments as e')
    .innerJoin('projects as p', 'p.number', 'e.project')
    .select(['e.number', 'p.name as project', 'e.name', 'e.artifact_location', 'e.created_at', 'e.updated_at', 'e.trashed_at'])
    .where('e.number', 'in', numbers),
)

const experimentTagsQuery = numberListQuery(({ kysely }, numbers) =>
  kysely
    .selectFrom('experiment_tags')
    .select(['experiment', 'key', 'value'])
    .where('experiment', 'in', numbers)
    .orderBy('experiment')
    .orderBy('key'),
)

const toRecord = ([
  number,
  project,
  name,
  artifactLocation,
  createdAtMs,
  updatedAtMs,
  trashedAtMs,
]: ColumnValue[]): ExperimentRecord => ({
  id: String(number),
  project: project as string,
  name: name as string,
  artifactLocation: artifactLocation as string | null,
  createdAtMs: createdAtMs as number,
  updatedAtMs: (updatedAtMs ?? createdAtMs) as number,
  trashedAtMs: trashedAtMs as number | null,
  // No prototype, so that a tag called `__proto__` is a tag.
  tags: Object.create(null) as Record<string, string>,
})

async function rename(transaction: Transaction, number: number, name: string, nowMs: number): Promise<void> {
  const [experiment] = await loadExperiments(transaction, [number])
  if (!experiment) throw unknown(number)
  if (experiment.trashedAtMs !== null)
    throw new AppError('failed_precondition', `The experiment ${number} is in the trash; restore it before you rename it.`)
  const other = await findByName(transaction, experiment.project, name)
  if (other && other.id !== experiment.id)
    throw new AppError('already_exists', `There is an experiment '${name}' in the project ${experiment.project} already.`)
  await transaction.kysely.updateTable('experiments').set({ name, updated_at: nowMs }).where('number', '=', number).execute()
}

/** An experiment and its runs go to the trash together, and come back together. */
async function setTrashed(transaction: Transaction, number: number, trashed_at: number | null, nowMs: number): Promise<void> {
  const { kysely } = transaction
  const { numUpdatedRows } = await kysely
    .updateTable('experiments')
    .set({ trashed_at, updated_at: nowMs })
    .where('number', '=', number)
    .where('trashed_at', trashed_at === null ? 'is not' : 'is', null)
    .executeTakeFirst()
  if (numUpdatedRows === 0n) throw unknown(number)
  const runs = kysely.updateTable('runs').set({ trashed_at }).where('experiment', '=', number)
  const moved = await (trashed_at === null ? runs : runs.where('trashed_at', 'is', null)).returning('number').execute()
  await noteChanges(
    transaction,
    'run',
    moved.map((row) => row.number),
  )
}

async function putTags(transaction: Transaction, number: number, tags: Record<string, string | null>): Promise<void> {
  const { kysely } = transaction
  const experiment = await kysely.selectFrom('experiments').select('trashed_at').where('number', '=', number).executeTakeFirst()
  if (!experiment) throw unknown(number)
  if (experiment.trashed_at !== null)
    throw new AppError('failed_precondition', `The experiment ${number} is in the trash; restore it first.`)
  for (const [key, value] of Object.entries(tags)) {
    if (value !== null) continue
    await kysely.deleteFrom('experiment_tags').where('experiment', '=', number).where('key', '=', key).execute()
  }
  const rows = Object.entries(tags).flatMap(([key, value]) => (value === null ? [] : [[number, key, value]]))
  await transaction.insertRows('experiment_tags', ['experiment', 'key', 'value'], rows, {
    onConflict: { replace: ['experiment', 'key'] },
  })
}
