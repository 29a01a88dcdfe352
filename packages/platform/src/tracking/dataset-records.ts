import { type Database, type Reader, type Transaction, boundValuesPerQuery } from '../database/index.ts'
import { noteChange } from './change-notes.ts'
import { getRunNumber } from './run-number.ts'
import type { DatasetInput, DatasetRecords } from './tracking.ts'

export const createDatasetRecords = (database: Database): DatasetRecords => ({
  add: (runId, inputs) => database.write((transaction) => addInputs(transaction, runId, inputs)),
  ofRuns: (runIds) => database.read((reader) => readInputs(reader, runIds)),
  summaries: (experimentIds, limit) =>
    database.read(async ({ kysely }) => {
      const rows = await kysely
        .selectFrom('datasets as d')
        .innerJoin('dataset_inputs as i', 'i.dataset', 'd.number')
        .select(['d.experiment', 'd.name', 'd.digest', 'i.tags'])
        .distinct()
        .where('d.experiment', 'in', experimentIds.map(Number))
        .limit(limit)
        .execute()
      return rows.map(({ experiment, name, digest, tags }) => ({
        experimentId: String(experiment),
        name,
        digest,
        context: (JSON.parse(tags) as Record<string, string>)['mlflow.data.context'] ?? null,
      }))
    }),
})

async function addInputs(transaction: Transaction, runId: string, inputs: readonly DatasetInput[]): Promise<void> {
  const { kysely } = transaction
  const run = await getRunNumber(transaction, runId)
  await noteChange(transaction, 'run', run)
  const { experiment } = await kysely.selectFrom('runs').select('experiment').where('number', '=', run).executeTakeFirstOrThrow()
  const count = await kysely
    .selectFrom('dataset_inputs')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('run', '=', run)
    .executeTakeFirstOrThrow()
  let ordinal = count.count
  for (const input of inputs) {
    await transaction.insertRows(
      'datasets',
      ['experiment', 'name', 'digest', 'source_type', 'source', 'schema', 'profile'],
      [[experiment, input.name, input.digest, input.sourceType, input.source, input.schema, input.profile]],
      { onConflict: 'ignore' },
    )
    const dataset = await kysely
      .selectFrom('datasets')
      .select('number')
      .where('experiment', '=', experiment)
      .where('name', '=', input.name)
      .where('digest', '=', input.digest)
      .executeTakeFirstOrThrow()
    const use = [run, dataset.number, ordinal++, JSON.stringify(input.tags)]
    await transaction.insertRows('dataset_inputs', ['run', 'dataset', 'ordinal', 'tags'], [use], { onConflict: 'ignore' })
  }
}

async function readInputs({ kysely }: Reader, runIds: readonly string[]): Promise<Map<string, DatasetInput[]>> {
  const found = new Map<string, DatasetInput[]>()
  for (let at = 0; at < runIds.length; at += boundValuesPerQuery) {
    const rows = await kysely
      .selectFrom('dataset_inputs as i')
      .innerJoin('runs as r', 'r.number', 'i.run')
      .innerJoin('datasets as d', 'd.number', 'i.dataset')
      .select(['r.id', 'd.name', 'd.digest', 'd.source_type', 'd.source', 'd.schema', 'd.profile', 'i.tags'])
      .where('r.id', 'in', runIds.slice(at, at + boundValuesPerQuery))
      .orderBy('i.run')
      .orderBy('i.ordinal')
      .execute()
    for (const { id, source_type, tags, ...row } of rows) {
      const inputs = found.get(id) ?? []
      if (inputs.length === 0) found.set(id, inputs)
      inputs.push({ ...row, sourceType: source_type, tags: JSON.parse(tags) as Record<string, string> })
    }
  }
  return found
}
