import { AppError, type JsonObject } from '@trainyard/contract'
import { type Clock, systemClock } from '../base/clock.ts'
import type { Database, Reader, Transaction } from '../database/index.ts'
import { checkTag, isUnversioned } from './definition-names.ts'
import { deleteDefinition, deleteOfProject } from './definition-removal.ts'
import { findDefinition, findVersion, getVersion, loadDefinition } from './definition-rows.ts'
import { moveTag, moveTagTo, prepareDefinition, saveDefinition, stateOf } from './definition-save.ts'
import { listDefinitions } from './definition-search.ts'
import type { Definition, DefinitionName, Definitions, TagMove, VersionChoice } from './definitions.ts'

const mostMoves = 1_000

/** Definitions over one open database, which whoever opened it closes. */
export function createDefinitions(database: Database, options: { clock?: Clock } = {}): Definitions {
  const { clock = systemClock } = options
  return {
    save: async (definition) => {
      const prepared = prepareDefinition(definition)
      return await database.write(async (transaction) => {
        const version = await saveDefinition(transaction, definition, prepared, clock.nowMs())
        return await loadDefinition(transaction, version)
      })
    },
    change: (query, change) =>
      database.write(async (transaction) => {
        const { definitions } = await listDefinitions(transaction, query)
        for (const definition of change(definitions))
          await saveDefinition(transaction, definition, prepareDefinition(definition), clock.nowMs())
      }),
    find: (name, choice = {}) => database.read((reader) => find(reader, name, choice)),
    get: (name, choice = {}) =>
      database.read(async (reader) => await loadDefinition(reader, await getVersion(reader, name, choice))),
    list: (query) => database.read((reader) => listDefinitions(reader, query)),
    history: (name) => database.read((reader) => listMoves(reader, name)),
    tag: async (name, tag, choice, by = '') => {
      checkTag(tag)
      return await database.write(async (transaction) => {
        await getVersion(transaction, name, choice)
        const definition = (await findDefinition(transaction, name))!
        const version = await moveTagTo(transaction, { definition, tag, nowMs: clock.nowMs(), by }, choice)
        return await loadDefinition(transaction, version!)
      })
    },
    untag: (name, tag, by = '') => database.write((transaction) => untag(transaction, name, { tag, by, nowMs: clock.nowMs() })),
    setStatus: (name, choice, status) =>
      database.write((transaction) => setStatus(transaction, { name, choice, status, nowMs: clock.nowMs() })),
    delete: (name, choice) => database.write((transaction) => deleteDefinition(transaction, name, choice)),
    deleteAll: (project, kinds) => database.write((transaction) => deleteOfProject(transaction, project, kinds)),
    count: (project) => database.read((reader) => countKinds(reader, project)),
  }
}

async function find(reader: Reader, name: DefinitionName, choice: VersionChoice): Promise<Definition | undefined> {
  const definition = await findDefinition(reader, name)
  const version = definition === undefined ? undefined : await findVersion(reader, definition, choice)
  return version === undefined ? undefined : await loadDefinition(reader, version)
}

async function untag(
  transaction: Transaction,
  name: DefinitionName,
  { tag, by, nowMs }: { tag: string; by: string; nowMs: number },
): Promise<boolean> {
  const definition = await findDefinition(transaction, name)
  if (definition === undefined) return false
  const version = await findVersion(transaction, definition, { tag })
  if (version === undefined) return false
  const { slot } = await loadDefinition(transaction, version)
  if (isUnversioned(slot))
    throw new AppError('failed_precondition', `${name.name}:${tag} is kept under this tag alone: delete it, or save it anew.`)
  return await moveTag(transaction, { definition, tag, version: undefined, nowMs, by })
}

interface StatusChange {
  name: DefinitionName
  choice: VersionChoice
  status: JsonObject | null
  nowMs: number
}

async function setStatus(transaction: Transaction, { name, choice, status, nowMs }: StatusChange): Promise<Definition> {
  const version = await getVersion(transaction, name, choice)
  const set = { status: status === null ? null : JSON.stringify(status), state: stateOf(status), updated_at: nowMs }
  await transaction.kysely.updateTable('definition_versions').set(set).where('number', '=', version).execute()
  return await loadDefinition(transaction, version)
}

async function listMoves(reader: Reader, name: DefinitionName): Promise<TagMove[]> {
  const definition = await findDefinition(reader, name)
  if (definition === undefined) return []
  const rows = await reader.kysely
    .selectFrom('definition_moves')
    .select(['tag', 'before', 'after', 'at', 'by'])
    .where('definition', '=', definition)
    .orderBy('number', 'desc')
    .limit(mostMoves)
    .execute()
  return rows.map(({ at, ...move }) => ({ ...move, atMs: at }))
}

async function countKinds({ kysely }: Reader, project: string): Promise<Record<string, number>> {
  const rows = await kysely
    .selectFrom('definitions')
    .innerJoin('projects', 'projects.number', 'definitions.project')
    .select(({ fn }) => ['definitions.kind', fn.countAll<number>().as('count')])
    .where('projects.name', '=', project)
    .groupBy('definitions.kind')
    .execute()
  return Object.fromEntries(rows.map(({ kind, count }) => [kind, count]))
}
