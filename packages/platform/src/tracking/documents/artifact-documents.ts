import type { ArtifactKind, ArtifactRecord, JsonObject } from '@trainyard/contract'
import type { Database, Reader, Transaction } from '../../database/index.ts'
import { addArtifact, addLink, checkTag, getVersion, latestTag, moveTags } from '../artifact-change.ts'
import { loadArtifacts, selectArtifacts } from '../artifact-loading.ts'
import { noteChange } from '../change-notes.ts'
import { type DocumentedQuery, searchDocumented } from './artifact-document-search.ts'

/** An artifact with the document a client sent of it. */
export interface DocumentedArtifact {
  record: ArtifactRecord
  /** The tag it was found by; null for one that has none. */
  tag: string | null
  /** What it was made with: the id of a run, of a sweep for its iterations, or what the client said. */
  tree: string | null
  /** 40 hexadecimal digits. */
  uid: string
  /** Absent where no client sent one. */
  document: string | null
}

export interface NewDocumentedArtifact {
  project: string
  key: string
  tree: string
  iteration: number
  uid: string
  tags: readonly string[]
  kind: ArtifactKind
  target: string
  format?: string
  sizeBytes?: number
  sha256?: string
  metadata: JsonObject
  labels: Record<string, string>
  createdAtMs: number
  document: string
}

/** Which artifact is meant; without tag, tree and uid the one tagged `latest`. */
export interface ArtifactName {
  project: string
  key: string
  tag?: string | undefined
  tree?: string | undefined
  uid?: string | undefined
  /** 0 also means: the best one of a sweep. */
  iteration: number
}

/**
 * Artifacts of clients that send each as one document, with a uid over its content. A tag points at one version of a key and means,
 * for sweeps, what every iteration of that sweep made under the key.
 */
export interface ArtifactDocuments {
  /** The same uid of the same tree and iteration changes that version in place; another one makes a new version. */
  put(artifact: NewDocumentedArtifact): Promise<DocumentedArtifact>
  find(name: ArtifactName): Promise<DocumentedArtifact | undefined>
  /** Newest first; one for each tag of a version, one without a tag for a version that has none. */
  search(query: DocumentedQuery): Promise<DocumentedArtifact[]>
  /** The sweep shows what this iteration made under the key as its own. False where there is no such artifact. */
  markBest(name: { project: string; key: string; tree: string; iteration: number; tags: readonly string[] }): Promise<boolean>
  /** Removes the records, not the bytes. Of runs too: what they made is no longer known. */
  remove(artifactIds: readonly string[]): Promise<void>
  /** All tags of a project that point at one of these kinds, or at any. */
  tagsOf(project: string, kinds?: readonly ArtifactKind[]): Promise<string[]>
}

export function createArtifactDocuments(database: Database): ArtifactDocuments {
  return {
    async put(artifact) {
      for (const tag of artifact.tags) checkTag(tag)
      return await database.write(async (transaction) => await put(transaction, artifact))
    },
    find: (name) => database.read((reader) => find(reader, name)),
    search: (query) => database.read((reader) => searchDocumented(reader, query)),
    markBest: (name) => database.write((transaction) => markBest(transaction, name)),
    remove: (ids) => database.write((transaction) => remove(transaction, ids)),
    tagsOf: (project, kinds) => database.read((reader) => tagsOf(reader, project, kinds)),
  }
}

async function put(transaction: Transaction, artifact: NewDocumentedArtifact): Promise<DocumentedArtifact> {
  const { kysely } = transaction
  const same = await kysely
    .selectFrom('artifacts as a')
    .innerJoin('projects as p', 'p.number', 'a.project')
    .innerJoin('client_artifact_documents as d', 'd.artifact', 'a.number')
    .select(['a.number', 'a.id', 'a.project', 'a.run'])
    .where('p.name', '=', artifact.project)
    .where('a.key', '=', artifact.key)
    .where('a.tree', '=', artifact.tree)
    .where('a.iteration', '=', artifact.iteration)
    .where('a.is_current', '=', 1)
    .where('d.uid', '=', artifact.uid)
    .executeTakeFirst()
  const number = same ? await renew(transaction, same, artifact) : await add(transaction, artifact)
  await transaction.insertRows(
    'client_artifact_documents',
    ['artifact', 'uid', 'body'],
    [[number, artifact.uid, artifact.document]],
    {
      onConflict: { replace: ['artifact'] },
    },
  )
  const [record] = await loadArtifacts(transaction, [
    await selectArtifacts(transaction).where('artifacts.number', '=', number).executeTakeFirstOrThrow(),
  ])
  const { uid, tree, document } = artifact
  return { record: record!, tag: artifact.tags[0] ?? latestTag, tree, uid, document }
}

async function add(transaction: Transaction, artifact: NewDocumentedArtifact): Promise<number> {
  const { kysely } = transaction
  const { project, key, tree, iteration, tags, uid: _, document: __, ...facts } = artifact
  const older = kysely
    .updateTable('artifacts')
    .set({ is_current: 0 })
    .where('project', 'in', (query) => query.selectFrom('projects').select('number').where('name', '=', project))
  await older.where('key', '=', key).where('tree', '=', tree).where('iteration', '=', iteration).execute()
  const runId = await runOf(transaction, { project, tree, iteration })
  const id = await addArtifact(transaction, { ...facts, project, key, iteration, runId })
  await kysely.updateTable('artifacts').set({ tree }).where('id', '=', id).execute()
  const version = await getVersion(transaction, id)
  await moveTags(transaction, version, tags)
  return version.number
}

async function renew(
  transaction: Transaction,
  same: { number: number; project: number; run: number | null },
  artifact: NewDocumentedArtifact,
): Promise<number> {
  const { kysely } = transaction
  const { number, project } = same
  await kysely
    .updateTable('artifacts')
    .set({
      kind: artifact.kind,
      target: artifact.target,
      format: artifact.format ?? null,
      size_bytes: artifact.sizeBytes ?? null,
      sha256: artifact.sha256 ?? null,
      metadata: JSON.stringify(artifact.metadata),
    })
    .where('number', '=', number)
    .execute()
  await kysely.deleteFrom('artifact_labels').where('artifact', '=', number).execute()
  const labels = Object.entries(artifact.labels).map(([label, value]) => [number, label, value])
  await transaction.insertRows('artifact_labels', ['artifact', 'key', 'value'], labels)
  await moveTags(transaction, { project, key: artifact.key, number }, artifact.tags.length > 0 ? artifact.tags : [latestTag])
  if (same.run !== null) await noteChange(transaction, 'artifacts', same.run)
  return number
}

/** The run, or the iteration of one, that a tree names; null for what no run of this project made. */
async function runOf(
  { kysely }: Reader,
  { project, tree, iteration }: { project: string; tree: string; iteration: number },
): Promise<string | null> {
  const runs = kysely
    .selectFrom('runs as r')
    .innerJoin('projects as p', 'p.number', 'r.project')
    .leftJoin('runs as parent', 'parent.number', 'r.parent')
    .select('r.id')
    .where('p.name', '=', project)
  const found =
    iteration > 0
      ? await runs.where('parent.id', '=', tree).where('r.iteration', '=', iteration).executeTakeFirst()
      : await runs.where('r.id', '=', tree).executeTakeFirst()
  return found?.id ?? null
}

async function find(reader: Reader, name: ArtifactName): Promise<DocumentedArtifact | undefined> {
  const { project, key, tag = latestTag, tree, uid, iteration } = name
  if (uid !== undefined)
    return (await searchDocumented(reader, { project, key, uid, ...(tree === undefined ? {} : { tree }) }))[0]
  if (tree === undefined) return pick(await searchDocumented(reader, { project, key, tag, isCurrent: true }), iteration)
  const tagged = tag === latestTag ? [] : await searchDocumented(reader, { project, key, tag, tree, isCurrent: true })
  if (tag !== latestTag) return pick(tagged, iteration)
  const all = await searchDocumented(reader, { project, key, tree, isCurrent: true })
  return pick(all.some((found) => found.tag === tag) ? all.filter((found) => found.tag === tag) : all, iteration)
}

/** By its number; of a sweep without one of its own, the best. */
function pick(found: readonly (DocumentedArtifact & { isBest: boolean })[], iteration: number): DocumentedArtifact | undefined {
  const exact = found.find(({ record }) => record.iteration === iteration)
  return exact ?? (iteration === 0 ? found.find(({ isBest }) => isBest) : undefined)
}

async function markBest(
  transaction: Transaction,
  { project, key, tree, iteration, tags }: Parameters<ArtifactDocuments['markBest']>[0],
): Promise<boolean> {
  const found = (await searchDocumented(transaction, { project, key, tree, isCurrent: true })).find(
    ({ record }) => record.iteration === iteration,
  )
  if (!found) return false
  const version = await getVersion(transaction, found.record.id)
  const run = await transaction.kysely.selectFrom('runs').select('number').where('id', '=', tree).executeTakeFirst()
  if (run && iteration > 0) await addLink(transaction, run.number, version)
  await moveTags(transaction, version, [latestTag, ...tags])
  return true
}

async function remove(transaction: Transaction, ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    const { number, run } = await getVersion(transaction, id)
    await transaction.kysely.deleteFrom('artifacts').where('number', '=', number).execute()
    if (run != null) await noteChange(transaction, 'artifacts', run)
  }
}

async function tagsOf({ kysely }: Reader, project: string, kinds?: readonly ArtifactKind[]): Promise<string[]> {
  let query = kysely
    .selectFrom('artifact_tags as t')
    .innerJoin('projects as p', 'p.number', 't.project')
    .innerJoin('artifacts as a', 'a.number', 't.artifact')
    .select('t.tag')
    .distinct()
    .where('p.name', '=', project)
    .orderBy('t.tag')
  if (kinds) query = query.where('a.kind', 'in', [...kinds])
  return (await query.execute()).map(({ tag }) => tag)
}
