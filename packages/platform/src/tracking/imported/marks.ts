import type { Database, Transaction } from '../../database/index.ts'

export type MarkKind = 'experiment' | 'run' | 'relations' | 'logged_model' | 'trace' | 'model'

/** That something has been moved between here and another server, and how it looked then. */
export interface Mark {
  kind: MarkKind
  /** What it is called there. */
  peerId: string
  /** What it is called here. */
  localId: string
  /** Hash of all that was moved: the same hash needs no second look. */
  fingerprint: string
  /** Keys of the tags that were moved, so that one that is gone there later goes here too. */
  tagKeys: readonly string[]
}

export interface MarkRecords {
  /** All of a kind, by the name there. `peer` names the other side and the direction. */
  of(peer: string, kind: MarkKind): Promise<Map<string, Mark>>
  put(peer: string, mark: Mark): Promise<void>
}

export const createMarkRecords = (database: Database, nowMs: () => number): MarkRecords => ({
  of: (peer, kind) =>
    database.read(async ({ kysely }) => {
      const query = kysely.selectFrom('migration_marks').selectAll().where('peer', '=', peer)
      const rows = await query.where('kind', '=', kind).execute()
      return new Map(
        rows.map((row) => [
          row.peer_id,
          {
            kind,
            peerId: row.peer_id,
            localId: row.local_id,
            fingerprint: row.fingerprint,
            tagKeys: JSON.parse(row.memory) as string[],
          },
        ]),
      )
    }),
  put: (peer, mark) => database.write((transaction) => putMark(transaction, peer, mark, nowMs())),
})

const columns = ['peer', 'kind', 'peer_id', 'local_id', 'fingerprint', 'memory', 'at'] as const

const putMark = (transaction: Transaction, peer: string, mark: Mark, atMs: number): Promise<void> =>
  transaction.insertRows(
    'migration_marks',
    columns,
    [[peer, mark.kind, mark.peerId, mark.localId, mark.fingerprint, JSON.stringify(mark.tagKeys), atMs]],
    { onConflict: { replace: ['peer', 'kind', 'peer_id'] } },
  )
