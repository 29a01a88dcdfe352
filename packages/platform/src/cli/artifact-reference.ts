import { AppError, type ArtifactRecord, isAppError } from '@trainyard/contract'
import type { Tracking } from '../tracking/index.ts'

/** Where references without a project look. */
export const defaultProject = 'default'

/**
 * The artifact a user means: `key`, `key:tag`, `run/key` (any way to name a run), or
 * `store://[artifacts|models|datasets/]project/key[:tag][@run][#iteration]`. A key may itself hold slashes: a whole key wins over a
 * run. `not_found` says what was tried.
 */
export async function resolveArtifact(
  tracking: Tracking,
  reference: string,
  project: string | undefined,
): Promise<ArtifactRecord> {
  const store = parseStoreReference(reference)
  if (store !== undefined) return tracking.artifacts.resolve(store.project ?? project ?? defaultProject, store.key)
  const inProject = await unlessMissing(tracking.artifacts.resolve(project ?? defaultProject, reference))
  if (inProject !== undefined) return inProject

  // A run may be named `sweep/3`, so the key may begin behind the first or the second slash.
  const parts = reference.split('/')
  for (const count of [1, 2]) {
    if (parts.length <= count) break
    const artifact = await artifactOfRun(tracking, parts.slice(0, count).join('/'), parts.slice(count).join('/'), project)
    if (artifact !== undefined) return artifact
  }
  throw new AppError('not_found', `There is no artifact '${reference}' in project ${project ?? defaultProject}.`, {
    details: { hint: 'trainyard artifacts ls lists them; write key, key:tag, run/key or store://project/key' },
  })
}

async function artifactOfRun(
  tracking: Tracking,
  runText: string,
  key: string,
  project: string | undefined,
): Promise<ArtifactRecord | undefined> {
  const runId = await unlessMissing(tracking.runs.resolve(runText, project === undefined ? {} : { project }))
  if (runId === undefined) return undefined
  const artifacts = await tracking.artifacts.ofRun(runId)
  return artifacts.findLast((artifact) => artifact.key === key)
}

async function unlessMissing<Value>(promise: Promise<Value>): Promise<Value | undefined> {
  try {
    return await promise
  } catch (error) {
    if (isAppError(error, 'not_found')) return undefined
    throw error
  }
}

const kinds = new Set(['artifacts', 'models', 'datasets', 'feature-sets', 'feature-vectors'])

/** Undefined when the text is no `store://` address. The key keeps its tag, run and iteration. */
export function parseStoreReference(text: string): { project: string | undefined; key: string } | undefined {
  if (!text.startsWith('store://')) return undefined
  const parts = text.slice('store://'.length).split('/')
  if (kinds.has(parts[0] ?? '')) parts.shift()
  const [project, ...key] = parts.length === 1 ? [undefined, ...parts] : parts
  if (key.join('/') === '')
    throw new AppError(
      'invalid_argument',
      `'${text}' names no artifact: write store://project/key, with :tag, @run or #iteration behind it.`,
    )
  return { project: project || undefined, key: key.join('/') }
}
