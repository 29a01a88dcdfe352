import { type ArtifactRecord, isAppError, isJsonObject, type JsonValue } from '@trainyard/contract'
import type { ModelVersion } from '../../registry/index.ts'
import { compareRecords, compareRuns, type ComparedRow, type Tracking, withGround } from '../../tracking/index.ts'

/** What differs between versions, by section. Without a run of each the parts about runs are missing: comparing some would mislead. */
export async function compareVersions(
  tracking: Tracking,
  versions: readonly ModelVersion[],
): Promise<Record<string, ComparedRow[]>> {
  const artifacts = await Promise.all(versions.map(({ artifactId }) => findArtifact(tracking, artifactId)))
  const own = {
    version: compareRecords(versions.map((version, at) => factsOf(version, artifacts[at]))),
    signature: compareRecords(artifacts.map(signatureOf)),
    tags: compareRecords(versions.map((version) => version.tags)),
  }
  const runs = await Promise.all(
    versions.map(async ({ runId }) => (runId === null ? undefined : await tracking.runs.find(runId))),
  )
  const known = await Promise.all(runs.filter((run) => run !== undefined).map((run) => withGround(tracking.runs, run)))
  if (known.length < versions.length) return own
  const { parameters, results, inputs, code, environment, packages } = compareRuns(known)
  return { ...own, parameters, results, inputs, code, environment, packages }
}

function factsOf(version: ModelVersion, artifact: ArtifactRecord | undefined): Record<string, JsonValue> {
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

/** What goes into the model and what comes out, column by column; a list of anything else is told as a whole. */
function signatureOf(artifact: ArtifactRecord | undefined): Record<string, JsonValue> {
  const columns = (['inputs', 'outputs'] as const).flatMap((side): [string, JsonValue][] => {
    const listed = artifact?.metadata[side]
    if (listed === undefined || listed === null) return []
    if (!Array.isArray(listed)) return [[side, listed]]
    return listed.map((column, at) =>
      isJsonObject(column) && typeof column['name'] === 'string'
        ? [`${side}.${column['name']}`, column['type'] ?? null]
        : [`${side}.${at}`, column],
    )
  })
  return Object.fromEntries(columns)
}

/** It may be gone while the version stays. */
async function findArtifact(tracking: Tracking, id: string | null) {
  if (id === null) return undefined
  try {
    return await tracking.artifacts.get(id)
  } catch (error) {
    if (isAppError(error, 'not_found')) return undefined
    throw error
  }
}
