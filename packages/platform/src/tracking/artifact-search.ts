import { AppError, type ArtifactRecord, nearestName } from '@trainyard/contract'
import { sql } from 'kysely'
import type { Reader } from '../database/index.ts'
import { latestTag } from './artifact-change.ts'
import { type ArtifactRow, loadArtifacts, selectArtifacts } from './artifact-loading.ts'
import { type ArtifactReference, parseArtifactReference } from './artifact-reference.ts'
import type { ArtifactRecords } from './tracking.ts'

type ArtifactQuery = Parameters<ArtifactRecords['search']>[0]

/** Newest first. Of runs in the trash only when asked for by run. */
export async function searchArtifacts(reader: Reader, query: ArtifactQuery): Promise<ArtifactRecord[]> {
  let select = selectArtifacts(reader).orderBy('artifacts.number', 'desc')
  if (query.project !== undefined) select = select.where('projects.name', '=', query.project)
  if (query.key !== undefined) select = select.where('artifacts.key', '=', query.key)
  if (query.contains !== undefined) {
    const pattern = `%${query.contains.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`
    select = select.where(reader.dialect.likeAnyCase(sql.ref<string>('artifacts.key'), pattern))
  }
  if (query.kind !== undefined) select = select.where('artifacts.kind', '=', query.kind)
  if (query.runId === undefined) select = select.where('runs.trashed_at', 'is', null)
  else {
    const links = linksOf(reader, query.runId)
    select = select.where((row) => row.or([row('runs.id', '=', query.runId!), row('artifacts.number', 'in', links)]))
  }
  // Without a run the current version is the one tagged `latest`; of a run it is the last of each key.
  if (!query.allVersions && query.runId !== undefined) select = select.where('artifacts.is_current', '=', 1)
  const tag = query.tag ?? (query.allVersions || query.runId !== undefined ? undefined : latestTag)
  if (tag !== undefined) {
    const tagged = reader.kysely.selectFrom('artifact_tags').select('artifact').where('tag', '=', tag)
    select = select.where('artifacts.number', 'in', tagged)
  }
  if (query.before !== undefined) {
    const { number } = await getPlace(reader, query.before)
    select = select.where('artifacts.number', '<', number)
  }
  if (query.limit !== undefined || query.offset !== undefined) select = select.limit(query.limit ?? Number.MAX_SAFE_INTEGER)
  if (query.offset !== undefined) select = select.offset(query.offset)
  return await loadArtifacts(reader, await select.execute())
}

async function getPlace({ kysely }: Reader, id: string): Promise<{ number: number }> {
  const row = await kysely.selectFrom('artifacts').select('number').where('id', '=', id).executeTakeFirst()
  if (row) return row
  throw new AppError(
    'invalid_argument',
    'The cursor is not one of this search, or its artifact is gone; begin with the first page.',
    {
      details: { field: 'cursor' },
    },
  )
}

const linksOf = ({ kysely }: Reader, runId: string) =>
  kysely
    .selectFrom('artifact_links')
    .innerJoin('runs', 'runs.number', 'artifact_links.run')
    .select('artifact_links.artifact')
    .where('runs.id', '=', runId)

/** Its own and those it links to, one of each key and iteration, in order of their making. */
export async function artifactsOfRun(reader: Reader, runId: string): Promise<ArtifactRecord[]> {
  const rows = await selectArtifacts(reader)
    .where((row) =>
      row.or([
        row.and([row('runs.id', '=', runId), row('artifacts.is_current', '=', 1)]),
        row('artifacts.number', 'in', linksOf(reader, runId)),
      ]),
    )
    .orderBy('artifacts.number')
    .execute()
  return await loadArtifacts(reader, rows)
}

/** See `ArtifactRecords.resolve`. A key that looks like a reference wins over the reference. */
export async function resolveArtifact(reader: Reader, project: string, text: string): Promise<ArtifactRecord> {
  const parsed = parseArtifactReference(text)
  const row =
    (await findVersion(reader, project, { key: text })) ??
    (parsed.key === text ? undefined : await findVersion(reader, project, parsed))
  if (!row) throw await notFound(reader, project, text, parsed)
  const [record] = await loadArtifacts(reader, [row])
  return record!
}

async function findVersion(reader: Reader, project: string, reference: ArtifactReference): Promise<ArtifactRow | undefined> {
  const { key, tag, runId, iteration } = reference
  let select = selectArtifacts(reader).where('projects.name', '=', project).where('artifacts.key', '=', key)
  if (iteration !== undefined) select = select.where('artifacts.iteration', '=', iteration)
  if (runId !== undefined) {
    const runs = runsNamed(reader, runId, iteration)
    const links = reader.kysely.selectFrom('artifact_links').select('artifact').where('run', 'in', runs)
    select = select.where((row) => row.or([row('artifacts.run', 'in', runs), row('artifacts.number', 'in', links)]))
  }
  if (tag !== undefined || (runId === undefined && iteration === undefined)) {
    const tagged = reader.kysely
      .selectFrom('artifact_tags')
      .select('artifact')
      .where('tag', '=', tag ?? latestTag)
    select = select.where('artifacts.number', 'in', tagged)
  }
  return await select.orderBy('artifacts.number', 'desc').limit(1).executeTakeFirst()
}

/** The run with that id or beginning of one; for an iteration its children too. */
function runsNamed({ kysely }: Reader, runId: string, iteration: number | undefined) {
  const named = kysely.selectFrom('runs').select('number')
  // Ids are hexadecimal digits: `g` comes after all of them.
  const self = /^[0-9a-f]{4,31}$/.test(runId)
    ? named.where('id', '>=', runId).where('id', '<', `${runId}g`)
    : named.where('id', '=', runId)
  if (iteration === undefined) return self
  return named.where((row) => row.or([row('number', 'in', self), row('parent', 'in', self)]))
}

/** Keys that are compared with a mistyped one. */
const comparedKeys = 10_000

async function notFound(reader: Reader, project: string, text: string, parsed: ArtifactReference): Promise<AppError> {
  const rows = await reader.kysely
    .selectFrom('artifacts')
    .innerJoin('projects', 'projects.number', 'artifacts.project')
    .select('artifacts.key')
    .distinct()
    .where('projects.name', '=', project)
    .limit(comparedKeys)
    .execute()
  const keys = rows.map((row) => row.key)
  const fail = (reason: string) => new AppError('not_found', reason, { details: { project, reference: text } })
  if (keys.includes(parsed.key)) return fail(await missingVersion(reader, project, parsed))
  const near = nearestName(parsed.key, keys)
  const hint = near === undefined ? shownKeys(keys) : `; did you mean '${near}'?`
  return fail(`There is no artifact '${parsed.key}' in project '${project}'${hint}`)
}

const shownKeys = (keys: readonly string[]): string =>
  keys.length === 0
    ? ', which has none yet.'
    : `; there are ${keys.slice(0, 5).join(', ')}${keys.length > 5 ? ' and others' : ''}.`

async function missingVersion(
  reader: Reader,
  project: string,
  { key, tag, runId, iteration }: ArtifactReference,
): Promise<string> {
  const wanted = [
    tag === undefined ? '' : ` tagged '${tag}'`,
    runId === undefined ? '' : ` of run ${runId}`,
    iteration === undefined ? '' : ` of iteration ${iteration}`,
  ].join('')
  const tags = await reader.kysely
    .selectFrom('artifact_tags')
    .innerJoin('projects', 'projects.number', 'artifact_tags.project')
    .select('tag')
    .where('projects.name', '=', project)
    .where('key', '=', key)
    .orderBy('tag')
    .limit(10)
    .execute()
  const known = tag === undefined ? '' : `; its tags are ${tags.map((row) => row.tag).join(', ')}`
  return `There is no version of artifact '${key}'${wanted} in project '${project}'${known}.`
}
