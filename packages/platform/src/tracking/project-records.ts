import { AppError, checkProjectName, isJsonObject, countOf } from '@trainyard/contract'
import { sql, type SqlBool } from 'kysely'
import type { Clock } from '../base/clock.ts'
import {
  countProjectRows,
  type Database,
  ensureProject,
  findProject,
  type Reader,
  removeProjectRows,
  type Transaction,
} from '../database/index.ts'
import { mergeDocuments } from './merge-documents.ts'
import {
  type ProjectDocument,
  type ProjectQuery,
  type ProjectRecord,
  type ProjectRecords,
  type ProjectState,
  projectStates,
} from './tracking.ts'

export function createProjectRecords(database: Database, clock: Clock): ProjectRecords {
  const store = (transaction: Transaction, number: number, document: ProjectDocument) =>
    storeDocument(transaction, number, document, clock.nowMs())
  return {
    ensure: async (name) => {
      if (await database.read((reader) => findProject(reader, name))) return
      checkProjectName(name)
      await database.write((transaction) => ensureProject(transaction, name, clock.nowMs()))
    },
    list: () => database.read(listProjects),
    find: (name) => database.read((reader) => findRecord(reader, name)),
    get: (name) => database.read((reader) => getRecord(reader, name)),
    search: (query = {}) => database.read((reader) => searchRecords(reader, query)),
    create: async (name, document = {}) => {
      checkProjectName(name)
      return await database.write(async (transaction) => {
        if ((await findProject(transaction, name)) !== undefined)
          throw new AppError('already_exists', `There is a project ${name} already.`, { details: { project: name } })
        const number = await ensureProject(transaction, name, clock.nowMs())
        await store(transaction, number, { metadata: document.metadata ?? {}, spec: document.spec ?? {} })
        return await getRecord(transaction, name)
      })
    },
    put: (name, document) =>
      database.write(async (transaction) => {
        if ((await findProject(transaction, name)) === undefined) checkProjectName(name)
        await store(transaction, await ensureProject(transaction, name, clock.nowMs()), document)
        return await getRecord(transaction, name)
      }),
    patch: (name, patch, { lists = 'replace' } = {}) =>
      database.write(async (transaction) => {
        const { metadata, spec } = await getRecord(transaction, name)
        await store(transaction, await getNumber(transaction, name), {
          metadata: mergeDocuments(metadata, patch.metadata ?? {}, lists),
          spec: mergeDocuments(spec, patch.spec ?? {}, lists),
        })
        return await getRecord(transaction, name)
      }),
    setState: (name, state) =>
      database.write(async (transaction) => {
        const { metadata, spec } = await getRecord(transaction, name)
        const document = { metadata, spec: { ...spec, desired_state: state } }
        await store(transaction, await getNumber(transaction, name), document)
        return await getRecord(transaction, name)
      }),
    contents: (name) =>
      database.read(async (reader) => Object.fromEntries(await countProjectRows(reader, await getNumber(reader, name)))),
    remove: (name) => database.write((transaction) => removeProject(transaction, name)),
  }
}

/** Iterations and nested runs belong to another run and are not counted, as nowhere where runs are. */
async function listProjects({ kysely }: Reader) {
  const rows = await kysely.selectFrom('projects').select(['number', 'name', 'created_at']).orderBy('name').execute()
  const counts = await kysely
    .selectFrom('runs')
    .select(({ fn }) => ['project', fn.countAll<number>().as('runs')])
    .where('trashed_at', 'is', null)
    .where(sql<SqlBool>`iteration = 0 and parent is null`)
    .groupBy('project')
    .execute()
  const runCounts = new Map(counts.map(({ project, runs }) => [project, runs]))
  return rows.map(({ number, name, created_at }) => ({
    name,
    createdAtMs: created_at,
    runCount: runCounts.get(number) ?? 0,
  }))
}

const selectProjects = ({ kysely }: Reader) =>
  kysely
    .selectFrom('projects as p')
    .leftJoin('project_documents as d', 'd.project', 'p.number')
    .select(['p.name', 'p.created_at', 'd.updated_at', 'd.state', 'd.document'])

async function findRecord(reader: Reader, name: string): Promise<ProjectRecord | undefined> {
  const row = await selectProjects(reader).where('p.name', '=', name).executeTakeFirst()
  return row && toRecord(row)
}

const missing = (name: string): AppError =>
  new AppError('not_found', `There is no project ${name.slice(0, 80)}.`, { details: { project: name } })

async function getRecord(reader: Reader, name: string): Promise<ProjectRecord> {
  const found = await findRecord(reader, name)
  if (!found) throw missing(name)
  return found
}

async function getNumber(reader: Reader, name: string): Promise<number> {
  const number = await findProject(reader, name)
  if (number === undefined) throw missing(name)
  return number
}

async function searchRecords(reader: Reader, { owner, state, labels = [] }: ProjectQuery): Promise<ProjectRecord[]> {
  const found = (await selectProjects(reader).orderBy('p.name').execute()).map(toRecord)
  // There are few projects, and their documents are read anyway.
  return found.filter(
    (project) =>
      (owner === undefined || project.spec['owner'] === owner) &&
      (state === undefined || project.state === state) &&
      labels.every((label) => hasLabel(project, label)),
  )
}

function hasLabel({ metadata: { labels } }: ProjectRecord, wanted: string): boolean {
  if (!isJsonObject(labels)) return false
  const [key = '', value] = wanted.split(/=(.*)/s)
  return Object.hasOwn(labels, key) && (value === undefined || labels[key] === value)
}

interface ProjectRow {
  name: string
  created_at: number
  updated_at: number | null
  state: string | null
  document: string | null
}

function toRecord({ name, created_at, updated_at, state, document }: ProjectRow): ProjectRecord {
  const { metadata, spec }: ProjectDocument =
    document === null ? { metadata: {}, spec: {} } : (JSON.parse(document) as ProjectDocument)
  return {
    name,
    state: (state ?? 'online') as ProjectState,
    createdAtMs: created_at,
    updatedAtMs: updated_at ?? created_at,
    metadata,
    spec,
  }
}

/** Even with functions and their code embedded, a document stays far below. */
const largestDocumentLength = 20_000_000

async function storeDocument(
  { kysely }: Transaction,
  number: number,
  { metadata, spec }: ProjectDocument,
  nowMs: number,
): Promise<void> {
  // The name and the times are the record's own.
  const { name: _name, created: _created, ...told } = metadata
  const document = JSON.stringify({ metadata: told, spec })
  if (document.length > largestDocumentLength)
    throw new AppError('invalid_argument', "A project's document may have 20 MB; keep code in its source, not inside it.")
  const { desired_state: wanted } = spec
  const state = projectStates.find((each) => each === wanted) ?? 'online'
  await kysely.deleteFrom('project_documents').where('project', '=', number).execute()
  await kysely.insertInto('project_documents').values({ project: number, state, document, updated_at: nowMs }).execute()
}

async function removeProject(transaction: Transaction, name: string): Promise<void> {
  const number = await getNumber(transaction, name)
  const { count } = await transaction.kysely
    .selectFrom('runs')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('project', '=', number)
    .executeTakeFirstOrThrow()
  if (count > 0)
    throw new AppError(
      'failed_precondition',
      `The project ${name} still holds ${countOf(count, 'run')}; remove what it holds first.`,
      {
        details: { project: name },
      },
    )
  await removeProjectRows(transaction, number)
}
