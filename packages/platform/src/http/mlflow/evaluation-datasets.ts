import { isAppError } from '@trainyard/contract'
import { type ExactValue, type ExactValues, readExactJson, writeExactJson } from '../../base/exact-json.ts'
import type { EvaluationDataset, EvaluationRecord, EvaluationSource, NewEvaluationRecord } from '../../evaluation/index.ts'
import { invalid, missing } from './errors.ts'
import { parseDatasetFilter, parseDatasetOrder } from './evaluation-dataset-filter.ts'
import { type Route, route } from './route.ts'
import { present } from './run-view.ts'
import { checkLimit } from './validation.ts'
import { checkDepth, idText, integer, list, message, required, text } from './wire.ts'

const mostDatasets = 50_000
const mostRecords = 50_000
const idParameter = 'dataset_id'

const search = message({
  experiment_ids: list(idText),
  filter_string: text,
  max_results: integer,
  order_by: list(text),
  page_token: text,
})

/** Data sets that evaluations ask. Maps in them travel as texts of JSON. */
export const evaluationDatasetRoutes: readonly Route[] = [
  route(
    'POST',
    'datasets/create',
    message({ name: text, experiment_ids: list(idText), tags: text }),
    ({ evaluation }, request, { project }) =>
      answering(async () => {
        const tags = request.tags === undefined ? {} : textTags(readMap(request.tags, 'tags'))
        const by = tags[userTag]
        const dataset = await evaluation.datasets.create({
          project,
          name: required(request.name, 'name'),
          experimentIds: request.experiment_ids ?? [],
          tags: withoutNull(tags),
          ...(by == null ? {} : { by }),
        })
        return { dataset: toDataset(dataset) }
      }),
    '3.0',
  ),
  ...(['GET', 'POST'] as const).map((method) =>
    route(
      method,
      'datasets/search',
      search,
      ({ evaluation }, request, { project }) =>
        answering(async () => {
          const { datasets, next } = await evaluation.datasets.search({
            project,
            ...(request.experiment_ids?.length ? { experimentIds: request.experiment_ids } : {}),
            conditions: parseDatasetFilter(request.filter_string ?? ''),
            sort: parseDatasetOrder(request.order_by ?? []),
            limit: checkLimit(request.max_results || 1_000, mostDatasets),
            ...(request.page_token ? { cursor: request.page_token } : {}),
          })
          return { datasets: present(datasets.map(toDataset)), next_page_token: next ?? undefined }
        }),
      '3.0',
    ),
  ),
  route(
    'GET',
    'datasets/:dataset_id',
    message({}),
    ({ evaluation }, _, { params }) =>
      answering(async () => ({ dataset: toDataset(await evaluation.datasets.get(params[idParameter]!)) })),
    '3.0',
  ),
  route(
    'DELETE',
    'datasets/:dataset_id',
    message({}),
    async ({ evaluation }, _, { params }) => {
      await evaluation.datasets.delete(params[idParameter]!)
      return {}
    },
    '3.0',
  ),
  route(
    'PATCH',
    'datasets/:dataset_id/tags',
    message({ tags: text }),
    ({ evaluation }, { tags }, { params }) =>
      answering(async () => {
        // One that is null stays as it is: tags are taken away one by one.
        const given = withoutNull(textTags(readMap(required(tags, 'tags'), 'tags')))
        await evaluation.datasets.setTags(params[idParameter]!, given)
        return {}
      }),
    '3.0',
  ),
  route(
    'DELETE',
    'datasets/:dataset_id/tags/:key',
    message({}),
    async ({ evaluation }, _, { params }) => {
      try {
        await evaluation.datasets.setTags(params[idParameter]!, { [params['key']!]: null })
      } catch (error) {
        // What is not there has no tag, as the protocol has it.
        if (!isAppError(error, 'not_found')) throw error
      }
      return {}
    },
    '3.0',
  ),
  route(
    'GET',
    'datasets/:dataset_id/experiment-ids',
    message({}),
    async ({ evaluation }, _, { params }) => {
      try {
        return { experiment_ids: present((await evaluation.datasets.get(params[idParameter]!)).experimentIds) }
      } catch (error) {
        if (!isAppError(error, 'not_found')) throw error
        return {}
      }
    },
    '3.0',
  ),
  ...(['add', 'remove'] as const).map((change) =>
    route(
      'POST',
      `datasets/:dataset_id/${change}-experiments`,
      message({ experiment_ids: list(idText) }),
      ({ evaluation }, { experiment_ids }, { params }) =>
        answering(async () => {
          const changed = await evaluation.datasets.changeExperiments(params[idParameter]!, { [change]: experiment_ids ?? [] })
          return { dataset: toDataset(changed) }
        }),
      '3.0',
    ),
  ),
  route(
    'POST',
    'datasets/:dataset_id/records',
    message({ records: text }),
    ({ evaluation }, { records }, { params }) =>
      answering(async () => {
        const read = readRecords(required(records, 'records'))
        const { added, merged } = await evaluation.datasets.putRecords(params[idParameter]!, read)
        return { inserted_count: added, updated_count: merged }
      }),
    '3.0',
  ),
  route(
    'GET',
    'datasets/:dataset_id/records',
    message({ max_results: integer, page_token: text }),
    ({ evaluation }, { max_results, page_token }, { params }) =>
      answering(async () => {
        const limit = checkLimit(max_results || 1_000, mostRecords)
        const page = { limit, ...(page_token ? { cursor: page_token } : {}) }
        const { records, next } = await evaluation.datasets.records(params[idParameter]!, page)
        return { records: writeExactJson(records.map(toRecord)), next_page_token: next ?? undefined }
      }),
    '3.0',
  ),
  route(
    'DELETE',
    'datasets/:dataset_id/records',
    message({ dataset_record_ids: list(text) }),
    ({ evaluation }, { dataset_record_ids }, { params }) =>
      answering(async () => ({
        deleted_count: await evaluation.datasets.deleteRecords(params[idParameter]!, dataset_record_ids ?? []),
      })),
    '3.0',
  ),
]

const userTag = 'mlflow.user'

async function answering(handler: () => Promise<object>): Promise<object> {
  try {
    return await handler()
  } catch (error) {
    if (!isAppError(error, 'not_found')) throw error
    const { record, id } = error.details
    if (record === 'dataset') throw missing(`Evaluation dataset with id '${String(id)}' not found`)
    if (record === 'experiment') throw missing(`No Experiment with id=${String(id)}`)
    throw error
  }
}

function readJson(json: string, path: string): ExactValue {
  checkDepth(json)
  try {
    return readExactJson(json)
  } catch {
    throw invalid(`Invalid value for parameter '${path}' supplied: it must be a text of JSON.`)
  }
}

const isMap = (value: ExactValue | undefined): value is ExactValues =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function readMap(json: string, path: string): ExactValues {
  const value = readJson(json, path)
  if (isMap(value)) return value
  throw invalid(`Invalid value for parameter '${path}' supplied: it must be a JSON object.`)
}

const textTags = (tags: ExactValues): Record<string, string | null> =>
  Object.fromEntries(
    Object.entries(tags).map(([key, value]) => [
      key,
      value === null || typeof value === 'string' ? value : writeExactJson(value),
    ]),
  )

const withoutNull = (tags: Record<string, string | null>): Record<string, string> =>
  Object.fromEntries(Object.entries(tags).filter((tag): tag is [string, string] => tag[1] !== null))

function readRecords(json: string): NewEvaluationRecord[] {
  const value = readJson(json, 'records')
  if (!Array.isArray(value)) throw invalid("Invalid value for parameter 'records' supplied: it must be a JSON list of records.")
  return (value as readonly ExactValue[]).map((record, at) => readRecord(record, `records[${at}]`))
}

function readRecord(record: ExactValue, path: string): NewEvaluationRecord {
  if (!isMap(record)) throw invalid(`Invalid value for parameter '${path}' supplied: it must be an object with 'inputs'.`)
  const mapAt = (name: string): ExactValues | undefined => {
    const value = record[name] ?? undefined
    if (value === undefined || isMap(value)) return value
    throw invalid(`Invalid value for parameter '${path}.${name}' supplied: it must be an object.`)
  }
  const tags = mapAt('tags')
  const [expectations, source, by] = [mapAt('expectations'), mapAt('source'), tags?.[userTag]]
  return {
    inputs: mapAt('inputs') ?? {},
    ...(record['outputs'] === undefined ? {} : { outputs: record['outputs'] }),
    ...(expectations === undefined ? {} : { expectations }),
    ...(tags === undefined ? {} : { tags }),
    ...(source === undefined ? {} : { source: readSource(source) }),
    ...(typeof by === 'string' ? { by } : {}),
  }
}

const sourceTypes = ['UNSPECIFIED', 'TRACE', 'HUMAN', 'DOCUMENT', 'CODE'] as const

function readSource({ source_type, source_data }: ExactValues): EvaluationSource {
  const written = typeof source_type === 'string' ? source_type.toUpperCase() : ''
  const type = sourceTypes.find((each) => each === written)
  if (type === undefined)
    throw invalid(`Invalid dataset record source type: ${written}. Valid source types: ['${sourceTypes.join("', '")}']`)
  return { type, data: isMap(source_data) ? source_data : {} }
}

const toDataset = (dataset: EvaluationDataset): object => ({
  dataset_id: dataset.id,
  name: dataset.name,
  tags: JSON.stringify(dataset.tags),
  schema: dataset.schema === null ? undefined : JSON.stringify({ ...dataset.schema, version: '1.0' }),
  profile: dataset.recordCount === 0 ? undefined : JSON.stringify({ num_records: dataset.recordCount }),
  digest: dataset.digest,
  created_time: dataset.createdAtMs,
  last_update_time: dataset.updatedAtMs,
  created_by: dataset.createdBy ?? undefined,
  last_updated_by: dataset.updatedBy ?? undefined,
  experiment_ids: present(dataset.experimentIds),
})

function toRecord(record: EvaluationRecord): ExactValues {
  const { source } = record
  const sourceId = source?.data[source.type === 'TRACE' ? 'trace_id' : 'source_id']
  return {
    dataset_record_id: record.id,
    dataset_id: record.datasetId,
    inputs: record.inputs,
    ...(record.outputs === null ? {} : { outputs: record.outputs }),
    ...(record.expectations === null ? {} : { expectations: record.expectations }),
    tags: record.tags,
    ...(source === null ? {} : { source: { source_type: source.type, source_data: source.data }, source_type: source.type }),
    ...(typeof sourceId === 'string' ? { source_id: sourceId } : {}),
    created_time: BigInt(record.createdAtMs),
    last_update_time: BigInt(record.updatedAtMs),
    ...(record.createdBy === null ? {} : { created_by: record.createdBy }),
    ...(record.updatedBy === null ? {} : { last_updated_by: record.updatedBy }),
  }
}
