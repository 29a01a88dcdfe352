import type { Clock } from '../base/clock.ts'
import type { Database, Transaction } from '../database/index.ts'
import { getDatasetNumber, loadDatasets } from './dataset-loading.ts'
import { checkRecordCount, deleteRecords, digestOf, listRecords, prepareRecords, putRecords } from './dataset-records.ts'
import { searchDatasets } from './dataset-search.ts'
import type { EvaluationDataset, EvaluationDatasets, NewEvaluationDataset } from './evaluation.ts'
import { checkName, checkTags, experimentNumbers } from './evaluation-names.ts'

/** See `EvaluationDatasets`. */
export function createEvaluationDatasets(database: Database, clock: Clock): EvaluationDatasets {
  return {
    create: async (dataset) => {
      checkName('data set', dataset.name)
      checkTags(dataset.tags ?? {})
      return await database.write((transaction) => create(transaction, dataset, clock.nowMs()))
    },
    get: (id) => database.read(async (reader) => (await loadDatasets(reader, [await getDatasetNumber(reader, id)]))[0]!),
    delete: (id) =>
      database.write(async ({ kysely }) => {
        await kysely.deleteFrom('evaluation_datasets').where('id', '=', id).execute()
      }),
    search: (query) => database.read((reader) => searchDatasets(reader, query)),
    setTags: async (id, tags) => {
      checkTags(tags)
      await database.write(async (transaction) => setTags(transaction, await getDatasetNumber(transaction, id), tags))
    },
    changeExperiments: (id, { add = [], remove = [] }) =>
      database.write(async (transaction) => {
        const dataset = await getDatasetNumber(transaction, id)
        const { kysely } = transaction
        await addExperiments(transaction, dataset, add)
        const gone = remove.filter((each) => /^\d{1,15}$/.test(each)).map(Number)
        const query = kysely.deleteFrom('evaluation_dataset_experiments').where('dataset', '=', dataset)
        await query.where('experiment', 'in', transaction.dialect.numberList(gone)).execute()
        await kysely.updateTable('evaluation_datasets').set({ updated_at: clock.nowMs() }).where('number', '=', dataset).execute()
        return (await loadDatasets(transaction, [dataset]))[0]!
      }),
    putRecords: async (id, records) => {
      checkRecordCount(records.length)
      const prepared = prepareRecords(records)
      return await database.write((transaction) => putRecords(transaction, id, prepared, clock.nowMs()))
    },
    records: (id, page) => database.read((reader) => listRecords(reader, id, page)),
    deleteRecords: (id, recordIds) => database.write((transaction) => deleteRecords(transaction, id, recordIds)),
  }
}

async function create(
  transaction: Transaction,
  { project, name, experimentIds = [], tags = {}, by }: NewEvaluationDataset,
  nowMs: number,
): Promise<EvaluationDataset> {
  const { kysely } = transaction
  await kysely
    .insertInto('projects')
    .values({ name: project, created_at: nowMs })
    .onConflict((conflict) => conflict.column('name').doNothing())
    .execute()
  const row = await kysely.selectFrom('projects').select('number').where('name', '=', project).executeTakeFirstOrThrow()
  const { number } = await kysely
    .insertInto('evaluation_datasets')
    .values({
      id: `d-${crypto.randomUUID().replaceAll('-', '')}`,
      project: row.number,
      name,
      digest: digestOf(name, nowMs),
      schema: null,
      created_at: nowMs,
      updated_at: nowMs,
      created_by: by ?? null,
      updated_by: by ?? null,
    })
    .returning('number')
    .executeTakeFirstOrThrow()
  await setTags(transaction, number, tags)
  await addExperiments(transaction, number, experimentIds)
  return (await loadDatasets(transaction, [number]))[0]!
}

async function addExperiments(transaction: Transaction, dataset: number, ids: readonly string[]): Promise<void> {
  const rows = (await experimentNumbers(transaction, ids)).map((experiment) => [dataset, experiment])
  await transaction.insertRows('evaluation_dataset_experiments', ['dataset', 'experiment'], rows, { onConflict: 'ignore' })
}

async function setTags(transaction: Transaction, dataset: number, tags: Readonly<Record<string, string | null>>): Promise<void> {
  for (const [key, value] of Object.entries(tags)) {
    if (value !== null) continue
    const gone = transaction.kysely.deleteFrom('evaluation_dataset_tags').where('dataset', '=', dataset)
    await gone.where('key', '=', key).execute()
  }
  const rows = Object.entries(tags).flatMap(([key, value]) => (value === null ? [] : [[dataset, key, value]]))
  await transaction.insertRows('evaluation_dataset_tags', ['dataset', 'key', 'value'], rows, {
    onConflict: { replace: ['dataset', 'key'] },
  })
}
