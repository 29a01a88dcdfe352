import type { Database, Reader } from '../database/index.ts'
import type { ChangeKind } from './change-notes.ts'
import type { ChangeRecords, RecordChange } from './tracking.ts'

export function createChangeRecords(database: Database): ChangeRecords {
  return {
    latest: () => database.read(latest),
    after: (number, { limit = 1_000 } = {}) => database.read((reader) => after(reader, number, limit)),
  }
}

async function latest(reader: Reader): Promise<number> {
  const [row] = await reader.arrays(reader.kysely.selectFrom('change_counter').select('number').where('id', '=', 1))
  return (row?.[0] as number | undefined) ?? 0
}

async function after(reader: Reader, number: number, limit: number): Promise<RecordChange[]> {
  const rows = await reader.kysely
    .selectFrom('changes')
    .selectAll()
    .where('number', '>', number)
    .orderBy('number')
    .limit(limit)
    .execute()
  const runs = await names(
    reader,
    'runs',
    rows.filter(({ kind }) => kind !== 'experiment' && kind !== 'removed'),
  )
  const experiments = await names(
    reader,
    'experiments',
    rows.filter(({ kind }) => kind === 'experiment'),
  )
  return rows.flatMap((row): RecordChange[] => {
    const kind = row.kind as ChangeKind
    const named = kind === 'experiment' ? experiments.get(row.subject) : (runs.get(row.subject) ?? row)
    return named && named.id !== null && named.project !== null
      ? [{ number: row.number, kind, id: named.id, project: named.project }]
      : []
  })
}

async function names(
  { kysely, dialect }: Reader,
  table: 'runs' | 'experiments',
  rows: readonly { subject: number }[],
): Promise<Map<number, { id: string; project: string }>> {
  const numbers = [...new Set(rows.map(({ subject }) => subject))]
  if (numbers.length === 0) return new Map()
  const list = dialect.numberList(numbers)
  const found =
    table === 'runs'
      ? await kysely
          .selectFrom('runs as r')
          .innerJoin('projects as p', 'p.number', 'r.project')
          .select(['r.number', 'r.id', 'p.name as project'])
          .where('r.number', 'in', list)
          .execute()
      : await kysely
          .selectFrom('experiments as e')
          .innerJoin('projects as p', 'p.number', 'e.project')
          .select(['e.number', 'p.name as project'])
          .where('e.number', 'in', list)
          .execute()
  return new Map(
    found.map((row) => [
      row.number,
      { id: 'id' in row && typeof row.id === 'string' ? row.id : String(row.number), project: row.project },
    ]),
  )
}
