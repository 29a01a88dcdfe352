import { AppError } from '@trainyard/contract'
import type { Reader } from '../database/index.ts'
import type { EvaluationDataset, EvaluationSchema } from './evaluation.ts'

export const noDataset = (id: string): AppError =>
  new AppError('not_found', `There is no evaluation data set '${id.slice(0, 100)}'.`, { details: { record: 'dataset', id } })

export async function getDatasetNumber({ kysely }: Reader, id: string): Promise<number> {
  const row = await kysely.selectFrom('evaluation_datasets').select('number').where('id', '=', id).executeTakeFirst()
  if (!row) throw noDataset(id)
  return row.number
}

/** In the order given, one query per kind of thing. */
export async function loadDatasets(reader: Reader, numbers: readonly number[]): Promise<EvaluationDataset[]> {
  if (numbers.length === 0) return []
  const { kysely } = reader
  const list = reader.dialect.numberList(numbers)
  const rows = await kysely
    .selectFrom('evaluation_datasets as d')
    .innerJoin('projects as p', 'p.number', 'd.project')
    .selectAll('d')
    .select('p.name as project_name')
    .where('d.number', 'in', list)
    .execute()
  const found = new Map<number, EvaluationDataset>()
  for (const row of rows) {
    found.set(row.number, {
      id: row.id,
      project: row.project_name,
      name: row.name,
      digest: row.digest,
      schema: row.schema === null ? null : (JSON.parse(row.schema) as EvaluationSchema),
      recordCount: 0,
      experimentIds: [],
      tags: Object.create(null) as Record<string, string>,
      createdAtMs: row.created_at,
      updatedAtMs: row.updated_at,
      createdBy: row.created_by,
      updatedBy: row.updated_by,
    })
  }
  const tags = kysely.selectFrom('evaluation_dataset_tags').selectAll().where('dataset', 'in', list).orderBy('key')
  for (const { dataset, key, value } of await tags.execute()) found.get(dataset)!.tags[key] = value
  const experiments = kysely
    .selectFrom('evaluation_dataset_experiments')
    .selectAll()
    .where('dataset', 'in', list)
    .orderBy('experiment')
  for (const { dataset, experiment } of await experiments.execute()) found.get(dataset)!.experimentIds.push(String(experiment))
  const counts = kysely
    .selectFrom('evaluation_records')
    .select(({ fn }) => ['dataset', fn.countAll<number | string>().as('records')])
    .where('dataset', 'in', list)
    .groupBy('dataset')
  for (const { dataset, records } of await counts.execute()) found.get(dataset)!.recordCount = Number(records)
  return numbers.flatMap((number) => found.get(number) ?? [])
}
