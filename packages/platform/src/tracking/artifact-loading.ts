import type { ArtifactKind, ArtifactRecord, JsonObject } from '@trainyard/contract'
import { type Reader, boundValuesPerQuery } from '../database/index.ts'

/** Artifacts with the names of their project and run; conditions are added by the caller. */
export const selectArtifacts = ({ kysely }: Reader) =>
  kysely
    .selectFrom('artifacts')
    .innerJoin('projects', 'projects.number', 'artifacts.project')
    .leftJoin('runs', 'runs.number', 'artifacts.run')
    .select([
      'artifacts.number',
      'artifacts.id',
      'projects.name as project',
      'artifacts.key',
      'artifacts.kind',
      'runs.id as runId',
      'artifacts.iteration',
      'artifacts.target',
      'artifacts.format',
      'artifacts.size_bytes as sizeBytes',
      'artifacts.sha256',
      'artifacts.metadata',
      'artifacts.created_at as createdAtMs',
    ])

export type ArtifactRow = Awaited<ReturnType<ReturnType<typeof selectArtifacts>['execute']>>[number]

/** The records of the rows, in their order. */
export async function loadArtifacts(reader: Reader, rows: readonly ArtifactRow[]): Promise<ArtifactRecord[]> {
  const records = new Map(rows.map((row) => [row.number, toRecord(row)]))
  const numbers = [...records.keys()]
  for (let at = 0; at < numbers.length; at += boundValuesPerQuery) {
    const part = numbers.slice(at, at + boundValuesPerQuery)
    const tags = reader.kysely
      .selectFrom('artifact_tags')
      .select(['artifact', 'tag'])
      .where('artifact', 'in', part)
      .orderBy('tag')
    for (const { artifact, tag } of await tags.execute()) records.get(artifact)!.tags.push(tag)
    const labels = reader.kysely
      .selectFrom('artifact_labels')
      .select(['artifact', 'key', 'value'])
      .where('artifact', 'in', part)
      .orderBy('artifact')
      .orderBy('key')
    for (const { artifact, key, value } of await labels.execute()) records.get(artifact)!.labels[key] = value
  }
  return rows.map((row) => records.get(row.number)!)
}

const toRecord = (row: ArtifactRow): ArtifactRecord => ({
  id: row.id,
  project: row.project,
  key: row.key,
  kind: row.kind as ArtifactKind,
  runId: row.runId,
  iteration: row.iteration,
  tags: [],
  // No prototype, so that a label called `__proto__` is a label.
  labels: Object.create(null) as Record<string, string>,
  target: row.target,
  format: row.format,
  sizeBytes: row.sizeBytes,
  sha256: row.sha256,
  metadata: JSON.parse(row.metadata) as JsonObject,
  createdAtMs: row.createdAtMs,
})
