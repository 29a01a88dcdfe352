import type { Database, Reader } from '../database/index.ts'
import type { SentFiles } from './tracking.ts'

export const createSentFiles = (database: Database): SentFiles => ({
  keep: ({ kind, id }, { path, sizeBytes, sha256 }) =>
    database.write(async (transaction) => {
      const number = await numberOf(transaction, kind, id)
      if (number === undefined) return
      const columns = [kind, 'path', 'size_bytes', 'sha256']
      const conflict = { onConflict: { replace: [kind, 'path'] } }
      await transaction.insertRows('sent_files', columns, [[number, path, sizeBytes, sha256]], conflict)
    }),
  of: ({ kind, id }) =>
    database.read(async (reader) => {
      const number = await numberOf(reader, kind, id)
      if (number === undefined) return []
      const rows = await reader.kysely
        .selectFrom('sent_files')
        .select(['path', 'size_bytes', 'sha256'])
        .where(kind, '=', number)
        .orderBy('path')
        .execute()
      return rows.map(({ size_bytes, ...file }) => ({ ...file, sizeBytes: size_bytes }))
    }),
})

async function numberOf({ kysely }: Reader, kind: 'model' | 'trace', id: string): Promise<number | undefined> {
  const table = kind === 'model' ? 'logged_models' : 'traces'
  return (await kysely.selectFrom(table).select('number').where('id', '=', id).executeTakeFirst())?.number
}
