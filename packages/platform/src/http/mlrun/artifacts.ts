import type { DocumentedArtifact } from '../../tracking/index.ts'
import { liesIn } from '../../upkeep/index.ts'
import { fromArtifact } from './artifact-view.ts'
import { toArtifact } from './artifact-document.ts'
import { findArtifacts, minimal, pageOf, queryOf } from './artifact-listing.ts'
import { documentIn } from './document-in.ts'
import { invalid, missing, MlrunError } from './errors.ts'
import { objectAt, textOf } from './json.ts'
import { checkProjectName } from './names.ts'
import { Answer, type MlrunCall, type MlrunContext, noContent, type Route, route } from './route.ts'

export const artifactRoutes: readonly Route[] = [
  route('PUT', 'projects/:project/artifacts/:key', store, 'v2'),
  route('POST', 'projects/:project/artifacts', create, 'v2'),
  route('GET', 'projects/:project/artifacts/:key', async (context, call) => fromArtifact(await find(context, call)), 'v2'),
  route('GET', 'projects/:project/artifacts', list, 'v2'),
  route('DELETE', 'projects/:project/artifacts/:key', remove, 'v2'),
  route('DELETE', 'projects/:project/artifacts', removeMany, 'v2'),
  route('GET', 'projects/:project/artifact-tags', async ({ tracking }, { params: { project = '' }, query }) => {
    const category = query.text('category')
    const tags = await tracking.artifactDocuments.tagsOf(
      project,
      category === 'model' || category === 'dataset' ? [category] : undefined,
    )
    return { project, tags }
  }),
  // The first form of these addresses.
  route('POST', 'projects/:project/artifacts/:uid/:key', storeOld),
  route('GET', 'projects/:project/artifacts/:key', async (context, call) => ({ data: fromArtifact(await find(context, call)) })),
  route('GET', 'projects/:project/artifacts', list),
  route('DELETE', 'projects/:project/artifacts/:uid', remove),
]

const artifactMissing = (project: string, key: string): Error => missing(`Artifact ${project}/${key} not found.`)

async function put(context: MlrunContext, call: MlrunCall, key: string, tree: string | undefined): Promise<DocumentedArtifact> {
  const project = checkProjectName(call.params['project']!)
  const written = documentIn(call, 'an artifact')
  const artifact = toArtifact(written, {
    project,
    key,
    tree,
    iteration: call.query.integer('iter'),
    tag: call.query.text('tag'),
    nowMs: context.clock.nowMs(),
  })
  if (written['kind'] !== 'link') return await context.tracking.artifactDocuments.put(artifact)
  return await storeLink(context, { project, key, tree: artifact.tree, tags: artifact.tags }, objectAt(written, 'spec'))
}

/** No artifact of its own: it says which iteration's is the best. */
async function storeLink(
  { tracking }: MlrunContext,
  name: { project: string; key: string; tree: string; tags: readonly string[] },
  spec: ReturnType<typeof objectAt>,
): Promise<DocumentedArtifact> {
  const key = textOf(spec['link_key']) ?? name.key
  const tree = textOf(spec['link_tree']) ?? name.tree
  const iteration = typeof spec['link_iteration'] === 'number' ? spec['link_iteration'] : 0
  const marked = await tracking.artifactDocuments.markBest({ ...name, key, tree, iteration })
  const found = marked ? await tracking.artifactDocuments.find({ project: name.project, key, tree, iteration }) : undefined
  if (!found)
    throw missing(`Artifact ${name.project}/${key} of iteration ${iteration} of ${tree} not found, so nothing can lead to it.`)
  return found
}

async function store(context: MlrunContext, call: MlrunCall): Promise<object> {
  return fromArtifact(await put(context, call, call.params['key']!, call.query.text('tree')))
}

async function storeOld(context: MlrunContext, call: MlrunCall): Promise<object> {
  await put(context, call, call.params['key']!, call.params['uid'])
  return {}
}

async function create(context: MlrunContext, call: MlrunCall): Promise<Answer> {
  const written = documentIn(call, 'an artifact')
  const metadata = objectAt(written, 'metadata')
  const key = textOf(objectAt(written, 'spec')['db_key']) ?? textOf(metadata['key'])
  if (key === undefined) throw invalid("The artifact has no key; give it one in 'metadata.key'.")
  const tree = textOf(metadata['tree'])
  if (tree !== undefined) {
    const iteration = typeof metadata['iter'] === 'number' ? metadata['iter'] : 0
    const known = await context.tracking.artifactDocuments.find({ project: call.params['project']!, key, tree, iteration })
    if (known) throw new MlrunError(409, `Artifact ${call.params['project']}/${key} of ${tree} exists already.`)
  }
  return new Answer(201, fromArtifact(await put(context, call, key, undefined)))
}

async function find(
  { tracking }: MlrunContext,
  { params: { project = '', key = '' }, query }: MlrunCall,
): Promise<DocumentedArtifact> {
  const found = await tracking.artifactDocuments.find({
    project,
    key,
    tag: query.text('tag'),
    tree: query.text('tree'),
    uid: query.text('object-uid', 'uid'),
    iteration: query.integer('iter') ?? 0,
  })
  if (!found) throw artifactMissing(project, key)
  return found
}

async function list(context: MlrunContext, call: MlrunCall): Promise<object> {
  const { query, written } = queryOf(call.query, call.written)
  const found = await findArtifacts(context, call.params['project']!, query)
  const isMinimal = query.text('format') === 'minimal'
  const { values, pagination } = pageOf(found, query, written)
  return { artifacts: values.map(({ document }) => (isMinimal ? minimal(document) : document)), pagination }
}

const deletions = ['metadata-only', 'data-optional', 'data-force']

async function remove(context: MlrunContext, call: MlrunCall): Promise<Answer> {
  const { tracking } = context
  const { project = '', uid } = call.params
  const key = call.params['key'] ?? call.query.text('key') ?? ''
  const strategy = call.query.text('deletion_strategy') ?? 'metadata-only'
  if (!deletions.includes(strategy))
    throw invalid(`The deletion_strategy is ${deletions.join(', ')}, not '${strategy.slice(0, 40)}'.`)
  const tree = call.query.text('tree') ?? uid
  const found = await tracking.artifactDocuments.find({
    project,
    key,
    tag: call.query.text('tag'),
    tree,
    uid: call.query.text('object-uid'),
    iteration: call.query.integer('iter') ?? 0,
  })
  if (!found) return noContent()
  if (strategy !== 'metadata-only') {
    await requireOwnPlace(context, found)
    await removeBytes(context, found, strategy === 'data-force')
  }
  await tracking.artifactDocuments.remove([found.record.id])
  return noContent()
}

const pageSize = 1_000

/** What its client wrote as a target may be anything: a folder that holds bytes of other artifacts is not this one's to empty. */
async function requireOwnPlace({ tracking }: MlrunContext, { record }: DocumentedArtifact): Promise<void> {
  const place = record.target.replace(/\/+$/, '')
  for (let offset = 0; ; offset += pageSize) {
    const page = await tracking.artifacts.search({ allVersions: true, limit: pageSize, offset })
    const other = page.find(
      ({ id, target, key, project }) =>
        id !== record.id &&
        (key !== record.key || project !== record.project) &&
        (target.replace(/\/+$/, '') === place || liesIn(target, place)),
    )
    if (other)
      throw new MlrunError(
        409,
        `The bytes of ${record.key} lie with those of ${other.project}/${other.key}; delete the record alone, with deletion_strategy=metadata-only.`,
      )
    if (page.length < pageSize) return
  }
}

/** Bytes outside the places this server serves are not its to delete. */
async function removeBytes({ served }: MlrunContext, { record }: DocumentedArtifact, isForced: boolean): Promise<void> {
  try {
    if (record.target.endsWith('/')) {
      const folder = await served.folder(record.target)
      for (let cursor: string | undefined; ;) {
        const page = await folder.list(cursor === undefined ? {} : { cursor })
        for (const { key } of page.objects) await folder.delete(key)
        if (page.next === null || page.next === undefined) return
        cursor = page.next
      }
    }
    const object = await served.object(record.target)
    await object.store.delete(object.key)
  } catch (error) {
    // With `data-force` the record goes, come of the bytes what may.
    if (!isForced) throw error
  }
}

const dayMs = 86_400_000

async function removeMany(context: MlrunContext, call: MlrunCall): Promise<Answer> {
  const found = await findArtifacts(context, call.params['project']!, call.query)
  const days = call.query.integer('days_ago') ?? 0
  const since = context.clock.nowMs() - days * dayMs
  const ids = found.map(({ found: { record } }) => record).filter((record) => days <= 0 || record.createdAtMs >= since)
  await context.tracking.artifactDocuments.remove([...new Set(ids.map(({ id }) => id))])
  return noContent()
}
