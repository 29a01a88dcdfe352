import { AppError, type ArtifactRecord } from '@trainyard/contract'
import type { Database, Reader } from '../database/index.ts'
import { addArtifact, checkTag, getVersion, linkArtifact, moveTags } from './artifact-change.ts'
import { noteChange } from './change-notes.ts'
import { loadArtifacts, selectArtifacts } from './artifact-loading.ts'
import { artifactsOfRun, resolveArtifact, searchArtifacts } from './artifact-search.ts'
import { getRunNumber } from './run-number.ts'
import type { ArtifactRecords } from './tracking.ts'

export function createArtifactRecords(database: Database): ArtifactRecords {
  return {
    add: (artifact) => database.write(async (transaction) => getArtifact(transaction, await addArtifact(transaction, artifact))),
    get: (id) => database.read((reader) => getArtifact(reader, id)),
    ofRun: (runId) =>
      database.read(async (reader) => {
        await getRunNumber(reader, runId)
        return await artifactsOfRun(reader, runId)
      }),
    resolve: (project, reference) => database.read((reader) => resolveArtifact(reader, project, reference)),
    search: (query) => database.read((reader) => searchArtifacts(reader, query)),
    tag: async (id, { add = [], remove = [] }) => {
      for (const tag of add) checkTag(tag)
      await database.write(async (transaction) => {
        const version = await getVersion(transaction, id)
        if (remove.length > 0)
          await transaction.kysely
            .deleteFrom('artifact_tags')
            .where('artifact', '=', version.number)
            .where('tag', 'in', remove)
            .execute()
        await moveTags(transaction, version, add)
        if (version.run != null) await noteChange(transaction, 'artifacts', version.run)
      })
    },
    link: (runId, artifactIds) =>
      database.write(async (transaction) => {
        const run = await getRunNumber(transaction, runId)
        for (const id of artifactIds) await linkArtifact(transaction, run, await getVersion(transaction, id))
      }),
  }
}

async function getArtifact(reader: Reader, id: string): Promise<ArtifactRecord> {
  const row = await selectArtifacts(reader).where('artifacts.id', '=', id).executeTakeFirst()
  if (!row) throw new AppError('not_found', `There is no artifact with the id ${id}.`)
  const [record] = await loadArtifacts(reader, [row])
  return record!
}
