import { AppError, type ArtifactRecord, isAppError } from '@trainyard/contract'
import type { FastifyReply } from 'fastify'
import type { ObjectStore } from '../../objects/index.ts'
import { checkPlainPath } from '../bytes/plain-path.ts'
import { sendObject } from '../bytes/send-object.ts'
import type { CallOf, SomeHandlers } from './bound-operation.ts'
import type { NativeContext } from './context.ts'

const usualLimit = 100
/** Entries of one folder level that are listed. */
const mostFiles = 10_000

export const artifactHandlers: SomeHandlers<
  | 'getArtifacts'
  | 'searchArtifacts'
  | 'resolveArtifact'
  | 'getArtifact'
  | 'tagArtifact'
  | 'listArtifactFiles'
  | 'readArtifact'
  | 'listRunFiles'
  | 'readRunFile'
> = {
  getArtifacts: async ({ tracking }, { path }) => ({ artifacts: await tracking.artifacts.ofRun(path.run) }),
  searchArtifacts: async ({ tracking }, { query: { limit = usualLimit, cursor, run, ...query } }) => {
    const found = await tracking.artifacts.search({
      ...query,
      ...(run === undefined ? {} : { runId: run }),
      ...(cursor === undefined ? {} : { before: cursor }),
      limit: limit + 1,
    })
    const artifacts = found.slice(0, limit)
    return { artifacts, next: found.length > limit ? artifacts.at(-1)!.id : null }
  },
  resolveArtifact: ({ tracking }, { query: { project = 'default', text } }) => tracking.artifacts.resolve(project, text),
  getArtifact: ({ tracking }, { path }) => tracking.artifacts.get(path.artifact),
  tagArtifact: async ({ tracking }, { path, body }) => {
    await tracking.artifacts.tag(path.artifact, { add: body.addTags ?? [], remove: body.removeTags ?? [] })
    return await tracking.artifacts.get(path.artifact)
  },
  listArtifactFiles: async (context, { path, query }) => {
    const artifact = await context.tracking.artifacts.get(path.artifact)
    return { files: await listLevel(await context.served.folder(artifact.target), query.path ?? '') }
  },
  readArtifact: async (context, call, reply) =>
    await sendFileOf(context, await context.tracking.artifacts.get(call.path.artifact), call, reply),
  listRunFiles: async ({ tracking, served }, { path, query }) => {
    const { outPath } = await tracking.runs.get(path.run)
    return { files: await listLevel(await served.folder(outPath), query.path ?? '') }
  },
  readRunFile: async ({ tracking, served }, { path, query, raw }, reply) => {
    const { outPath } = await tracking.runs.get(path.run)
    const key = checkPlainPath(query.path)
    return await sendObject({ store: await served.folder(outPath), key }, raw, reply)
  },
}

/** Without a path the artifact itself, when it is one file. */
async function sendFileOf(
  { served }: NativeContext,
  artifact: ArtifactRecord,
  { query, raw }: CallOf<'readArtifact'>,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const isShown = query.show === true
  if (query.path !== undefined)
    return await sendObject({ store: await served.folder(artifact.target), key: checkPlainPath(query.path), isShown }, raw, reply)
  try {
    return await sendObject({ ...(await served.object(artifact.target)), name: artifact.key, isShown }, raw, reply)
  } catch (error) {
    if (!isAppError(error, 'not_found')) throw error
    const [first] = await listLevel(await served.folder(artifact.target), '')
    if (first === undefined) throw error
    throw new AppError(
      'invalid_argument',
      `The artifact '${artifact.key}' is a folder; name a file in it with ?path=, such as ${first.path}.`,
      {
        cause: error,
        details: { field: 'path' },
      },
    )
  }
}

/** Files and folders right below the path, in order. */
async function listLevel(
  store: ObjectStore,
  path: string,
): Promise<{ path: string; isFolder: boolean; sizeBytes: number | null }[]> {
  checkPlainPath(path)
  const folder = path.replace(/\/+$/, '')
  const prefix = folder === '' ? '' : `${folder}/`
  const files = []
  let cursor: string | undefined
  do {
    const page = await store.list({ prefix, delimiter: '/', ...(cursor === undefined ? {} : { cursor }) })
    for (const { key, sizeBytes } of page.objects) files.push({ path: key, isFolder: false, sizeBytes: sizeBytes ?? null })
    for (const key of page.prefixes) files.push({ path: key.replace(/\/$/, ''), isFolder: true, sizeBytes: null })
    cursor = page.next ?? undefined
  } while (cursor !== undefined && files.length < mostFiles)
  return files.sort((left, right) => (left.path < right.path ? -1 : 1))
}
