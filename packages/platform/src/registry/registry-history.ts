import type { Selectable } from 'kysely'
import type { Database, Reader, RegistryEventsTable } from '../database/index.ts'
import { noModel, noVersion } from './registry-rows.ts'
import { firstStage } from './stage-names.ts'
import type {
  HistoryRecords,
  ModelName,
  ModelSnapshot,
  NamedRegistryEvent,
  RegistryEvent,
  RegistryEventKind,
  VersionSnapshot,
} from './registry.ts'

export function createHistoryRecords(database: Database): HistoryRecords {
  return {
    of: (model, { version } = {}) =>
      database.read(async (reader) => {
        const number = await lastOfName(reader, model)
        const events = await eventsOf(reader, number)
        if (version === undefined) return events
        const own = events.filter((event) => event.version === version || isAliasLeaving(event, version))
        if (own.length === 0) throw noVersion({ ...model, version })
        return own
      }),
    latest: () =>
      database.read(async (reader) => {
        const query = reader.kysely.selectFrom('registry_events').select(({ fn }) => fn.max('number').as('number'))
        const [row] = await reader.arrays(query)
        return (row?.[0] as number | null) ?? 0
      }),
    after: (id, { limit }) => database.read((reader) => eventsAfter(reader, id, limit)),
    at: (model, timeMs) => database.read((reader) => snapshotAt(reader, model, timeMs)),
  }
}

/** An alias that moved to another version left this one. */
const isAliasLeaving = (event: RegistryEvent, version: number): boolean =>
  event.kind === 'alias_set' && event.before === String(version)

/** The live model of the name, else the newest that ever ended with it. */
async function lastOfName({ kysely }: Reader, model: ModelName): Promise<number> {
  const row = await kysely
    .selectFrom('registered_models as m')
    .innerJoin('projects as p', 'p.number', 'm.project')
    .select('m.number')
    .where('p.name', '=', model.project)
    .where('m.name', '=', model.name)
    .orderBy(({ eb }) => eb.case().when('m.deleted_at', 'is', null).then(0).else(1).end())
    .orderBy('m.number', 'desc')
    .limit(1)
    .executeTakeFirst()
  if (!row) throw noModel(model)
  return row.number
}

async function eventsOf({ kysely }: Reader, model: number, untilMs = Number.MAX_SAFE_INTEGER): Promise<RegistryEvent[]> {
  const rows = await kysely
    .selectFrom('registry_events')
    .selectAll()
    .where('model', '=', model)
    .where('at', '<=', untilMs)
    .orderBy('at')
    .orderBy('number')
    .execute()
  return rows.map(toEvent)
}

const toEvent = (row: Selectable<RegistryEventsTable>): RegistryEvent => ({
  id: row.number,
  kind: row.kind as RegistryEventKind,
  version: row.version,
  key: row.key,
  before: row.before,
  after: row.after,
  atMs: row.at,
  by: row.by,
  via: row.via,
  reason: row.reason,
})

async function eventsAfter({ kysely }: Reader, id: number, limit: number): Promise<NamedRegistryEvent[]> {
  const rows = await kysely
    .selectFrom('registry_events as e')
    .innerJoin('registered_models as m', 'm.number', 'e.model')
    .innerJoin('projects as p', 'p.number', 'm.project')
    .selectAll('e')
    .select(['m.name', 'p.name as project'])
    .where('e.number', '>', id)
    .orderBy('e.number')
    .limit(limit)
    .execute()
  return rows.map((row) => ({ ...toEvent(row), name: row.name, project: row.project }))
}

async function snapshotAt(reader: Reader, model: ModelName, timeMs: number): Promise<ModelSnapshot> {
  for (const number of await everCalled(reader, model)) {
    const snapshot = foldEvents(await eventsOf(reader, number, timeMs), { project: model.project, atMs: timeMs })
    if (snapshot?.name === model.name) return await withOrigins(reader, number, snapshot)
  }
  throw noModel(model)
}

/** Models that have the name or once had it, newest first. */
async function everCalled({ kysely }: Reader, { project, name }: ModelName): Promise<number[]> {
  const rows = await kysely
    .selectFrom('registered_models as m')
    .innerJoin('projects as p', 'p.number', 'm.project')
    .select('m.number')
    .where('p.name', '=', project)
    .where(({ or, eb, selectFrom }) =>
      or([
        eb('m.name', '=', name),
        eb(
          'm.number',
          'in',
          selectFrom('registry_events').select('model').where('kind', '=', 'model_renamed').where('before', '=', name),
        ),
      ]),
    )
    .orderBy('m.number', 'desc')
    .execute()
  return rows.map((row) => row.number)
}

type OpenVersion = Omit<VersionSnapshot, 'source' | 'runId' | 'artifactId'>
type OpenSnapshot = Omit<ModelSnapshot, 'versions'> & { versions: OpenVersion[] }

/** What the events up to a moment add up to: undefined where there was no model yet, or no longer. */
export function foldEvents(
  events: readonly RegistryEvent[],
  moment: { project: string; atMs: number },
): OpenSnapshot | undefined {
  let name: string | undefined
  let description: string | null = null
  const tags = new Map<string, string>()
  const aliases = new Map<string, number>()
  const versions = new Map<number, OpenVersion & { tagMap: Map<string, string> }>()
  for (const event of events) {
    const version = event.version === null ? undefined : versions.get(event.version)
    switch (event.kind) {
      case 'model_created':
      case 'model_renamed':
        name = event.after ?? undefined
        break
      case 'model_deleted':
        return undefined
      case 'version_created':
        versions.set(event.version!, {
          version: event.version!,
          stage: firstStage,
          stageSinceMs: event.atMs,
          stageBy: event.by,
          stageReason: event.reason,
          aliases: [],
          description: null,
          tags: {},
          tagMap: new Map(),
        })
        break
      case 'version_deleted':
        versions.delete(event.version!)
        break
      case 'description_changed':
        if (version) version.description = event.after
        else description = event.after
        break
      case 'stage_changed':
        if (version)
          Object.assign(version, {
            stage: event.after!,
            stageSinceMs: event.atMs,
            stageBy: event.by,
            stageReason: event.reason,
          })
        break
      case 'alias_set':
        aliases.set(event.key!, event.version!)
        break
      case 'alias_removed':
        aliases.delete(event.key!)
        break
      case 'tag_set':
        ;(version?.tagMap ?? tags).set(event.key!, event.after!)
        break
      case 'tag_removed':
        ;(version?.tagMap ?? tags).delete(event.key!)
        break
      default:
        // What a version's status was matters to nobody later.
        break
    }
  }
  if (name === undefined) return undefined
  const aliasNames = Array.from(aliases.keys()).sort()
  return {
    ...moment,
    name,
    description,
    tags: sorted(tags),
    aliases: Object.fromEntries(aliasNames.map((alias) => [alias, aliases.get(alias)!])),
    versions: Array.from(versions.values(), ({ tagMap, ...version }) => ({
      ...version,
      tags: sorted(tagMap),
      aliases: aliasNames.filter((alias) => aliases.get(alias) === version.version),
    })).sort((left, right) => left.version - right.version),
  }
}

const sorted = (map: ReadonlyMap<string, string>): Record<string, string> =>
  Object.fromEntries(Array.from(map).sort(([left], [right]) => (left < right ? -1 : 1)))

/** What never changes about a version is in its row. */
async function withOrigins({ kysely }: Reader, model: number, snapshot: OpenSnapshot): Promise<ModelSnapshot> {
  const rows = await kysely
    .selectFrom('model_versions')
    .select(['version', 'source', 'run_id', 'artifact_id'])
    .where('model', '=', model)
    .execute()
  const origins = new Map(rows.map((row) => [row.version, row]))
  return {
    ...snapshot,
    versions: snapshot.versions.map((version) => {
      const { source, run_id, artifact_id } = origins.get(version.version)!
      return { ...version, source, runId: run_id, artifactId: artifact_id }
    }),
  }
}
