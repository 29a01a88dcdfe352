import { type Database, type Reader, type Transaction, numberListQuery } from '../database/index.ts'
import { noteChange } from './change-notes.ts'
import { getRunNumber, readByRunId } from './run-number.ts'
import type { DatasetInput, DatasetRecords } from './tracking.ts'

export const createDatasetRecords = (database: Database): DatasetRecords => ({
  add: (runId, inputs) => database.write((transaction) => addInputs(transaction, runId, inputs)),
  ofRuns: (runIds) => database.read((reader) => readByRunId(reader, runIds, readDatasets)),
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

const inputsQuery = numberListQuery(({ kysely }, runs) =>
  kysely
    .selectFrom('dataset_inputs as i')
    .innerJoin('datasets as d', 'd.number', 'i.dataset')
    .select(['i.run', 'd.name', 'd.digest', 'd.source_type', 'd.source', 'd.schema', 'd.profile', 'i.tags'])
    .where('i.run', 'in', runs)
    .orderBy('i.run')
    .orderBy('i.ordinal'),
)

export async function readDatasets(reader: Reader, runs: readonly number[]): Promise<Map<number, DatasetInput[]>> {
  const found = new Map<number, DatasetInput[]>()
  for (const [run, name, digest, sourceType, source, schema, profile, tags] of await reader.arrays(inputsQuery(reader, runs))) {
    const inputs = found.get(run as number) ?? []
    if (inputs.length === 0) found.set(run as number, inputs)
    inputs.push({
      name: name as string,
      digest: digest as string,
      sourceType: sourceType as string,
      source: source as string,
      schema: schema as string | null,
      profile: profile as string | null,
      tags: JSON.parse(tags as string) as Record<string, string>,
    })
  }
  return found
}
