import { isAppError, type JsonValue } from '@trainyard/contract'
import type { ModelVersion } from '../../registry/index.ts'
import { compareRecords, compareRuns, type ComparedRow, type Tracking } from '../../tracking/index.ts'

/** What differs between versions, by section. Without a run of each the parts about runs are missing: comparing some would mislead. */
export async function compareVersions(
  tracking: Tracking,
  versions: readonly ModelVersion[],
): Promise<Record<string, ComparedRow[]>> {
  const facts = await Promise.all(versions.map((version) => factsOf(tracking, version)))
  const own = { version: compareRecords(facts), tags: compareRecords(versions.map((version) => version.tags)) }
  const runs = await Promise.all(
    versions.map(async ({ runId }) => (runId === null ? undefined : await tracking.runs.find(runId))),
  )
  const known = runs.filter((run) => run !== undefined)
  if (known.length < versions.length) return own
  const { parameters, results, inputs, code, environment, packages } = compareRuns(known)
  return { ...own, parameters, results, inputs, code, environment, packages }
}

async function factsOf(tracking: Tracking, version: ModelVersion): Promise<Record<string, JsonValue>> {
  const artifact = version.artifactId === null ? undefined : await findArtifact(tracking, version.artifactId)
  return {
    stage: version.stage,
    aliases: version.aliases.join(', '),
    createdAtMs: version.createdAtMs,
    createdBy: version.createdBy,
    source: version.source,
    ...(version.runId === null ? {} : { runId: version.runId }),
    ...(version.description === null ? {} : { description: version.description }),
    ...(artifact?.sizeBytes == null ? {} : { sizeBytes: artifact.sizeBytes }),
    ...(artifact?.sha256 == null ? {} : { sha256: artifact.sha256 }),
  }
}

/** It may be gone while the version stays. */
async function findArtifact(tracking: Tracking, id: string) {
  try {
    return await tracking.artifacts.get(id)
  } catch (error) {
    if (isAppError(error, 'not_found')) return undefined
    throw error
  }
}
