import type { ArtifactRecord } from '@trainyard/contract'
import type { Transaction } from '../database/index.ts'
import { addArtifact, latestTag, moveTags } from './artifact-change.ts'

/**
 * An artifact with the id it has elsewhere; one that is here already is left alone. Tags that another version has here already stay
 * with it. `latest` goes to the version that had it elsewhere, unless one that was logged later has it here.
 */
export async function storeArtifact(transaction: Transaction, artifact: ArtifactRecord): Promise<void> {
  const { id, tags, format, sizeBytes, sha256, ...rest } = artifact
  const isTaken = await transaction.kysely.selectFrom('artifacts').select('id').where('id', '=', id).executeTakeFirst()
  if (isTaken) return
  const latestHere = await transaction.kysely
    .selectFrom('artifact_tags as tag')
    .innerJoin('artifacts', 'artifacts.number', 'tag.artifact')
    .innerJoin('projects', 'projects.number', 'tag.project')
    .select(['artifacts.number', 'artifacts.project', 'artifacts.key', 'artifacts.created_at'])
    .where('projects.name', '=', artifact.project)
    .where('tag.key', '=', artifact.key)
    .where('tag.tag', '=', latestTag)
    .executeTakeFirst()
  const added = await addArtifact(transaction, {
    ...rest,
    ...(format === null ? {} : { format }),
    ...(sizeBytes === null ? {} : { sizeBytes }),
    ...(sha256 === null ? {} : { sha256 }),
  })
  await transaction.kysely.updateTable('artifacts').set({ id }).where('id', '=', added).execute()
  const { number, project, key } = await transaction.kysely
    .selectFrom('artifacts')
    .select(['number', 'project', 'key'])
    .where('id', '=', id)
    .executeTakeFirstOrThrow()
  if (latestHere !== undefined && latestHere.created_at > artifact.createdAtMs)
    await moveTags(transaction, latestHere, [latestTag])
  const rows = tags.map((tag) => [project, key, tag, number])
  await transaction.insertRows('artifact_tags', ['project', 'key', 'tag', 'artifact'], rows, { onConflict: 'ignore' })
}
