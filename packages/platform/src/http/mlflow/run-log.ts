import { type AppError, fromParamText, isAppError, type JsonValue, toParamText } from '@trainyard/contract'
import { PointGroups, type ReportedBatch } from '../../tracking/index.ts'
import { tag } from './experiments.ts'
import { invalid, missing } from './errors.ts'
import { checkPath } from './artifact-places.ts'
import { recordRunModel } from './model-artifacts.ts'
import { type MlflowContext, type Route, route } from './route.ts'
import { getRun, runDeleted, runFields, runIdOf, runMissing } from './runs.ts'
import { checkKey, checkRunId, checkTimestamp, cutParamValue, cutTagValue, isKnownKey } from './validation.ts'
import {
  checkDepth,
  type Decoder,
  double,
  fromWireDouble,
  integer,
  list,
  message,
  type MessageOf,
  missingParameter,
  required,
  text,
} from './wire.ts'

const metricFields = {
  key: text,
  value: double,
  timestamp: integer,
  step: integer,
  model_id: text,
  dataset_name: text,
  dataset_digest: text,
}
type MetricMessage = MessageOf<typeof metricFields>
const anyMetric = message(metricFields)

/** Almost every metric is written in the one plain way, and then is its message already: 1,000 of them in 30 µs instead of 400. */
const metric: Decoder<MetricMessage> = (written, path) => (isPlainMetric(written) ? written : anyMetric(written, path))

function isPlainMetric(written: unknown): written is MetricMessage {
  if (typeof written !== 'object' || written === null) return false
  const { key, value, timestamp, step, model_id, modelId, dataset_name, datasetName, dataset_digest, datasetDigest } =
    written as Record<string, unknown>
  return (
    typeof key === 'string' &&
    typeof value === 'number' &&
    Number.isSafeInteger(timestamp) &&
    (step === undefined || Number.isSafeInteger(step)) &&
    (model_id ?? modelId ?? dataset_name ?? datasetName ?? dataset_digest ?? datasetDigest) === undefined
  )
}

const anyOneMetric = message({ ...runFields, ...metricFields })
const oneMetric: typeof anyOneMetric = (written, path) =>
  isPlainMetric(written) && hasPlainRun(written) ? written : anyOneMetric(written, path)

const hasPlainRun = (written: MetricMessage & { run_id?: unknown; run_uuid?: unknown }): boolean =>
  typeof written.run_id === 'string' && (written.run_uuid === undefined || typeof written.run_uuid === 'string')

const param = message({ key: text, value: text })

const mostMetrics = 1_000
const mostParams = 100
const mostTags = 100

export const runLogRoutes: readonly Route[] = [
  route('POST', 'runs/log-metric', oneMetric, async (context, request) => {
    const id = runIdOf(request)
    await log(context, id, toPoints([request], pathsOfOne))
    return {}
  }),
  route('POST', 'runs/log-parameter', message({ ...runFields, key: text, value: text }), async (context, request) => {
    const id = runIdOf(request)
    const key = checkKey(required(request.key, 'key'), 'key', 'Param key')
    await log(context, id, { parameters: { [key]: fromParamText(cutParamValue(request.value ?? '')) } }, 'one')
    return {}
  }),
  route('POST', 'runs/set-tag', message({ ...runFields, key: text, value: text }), async (context, request) => {
    const id = runIdOf(request)
    const key = checkKey(required(request.key, 'key'), 'key', 'key')
    await log(context, id, toTagBatch({ [key]: cutTagValue(request.value ?? '') }))
    return {}
  }),
  route('POST', 'runs/delete-tag', message({ ...runFields, key: text }), async (context, request) => {
    const run = await getRun(context, runIdOf(request))
    const key = required(request.key, 'key')
    // The name of a run outlives the tag that repeats it.
    if (key === 'mlflow.runName') return {}
    if (run.trashedAtMs !== null) throw runDeleted(run.id)
    if (run.labels[key] === undefined) throw missing(`No tag with name: ${key} in run with id ${run.id}`)
    await log(context, run.id, { labels: { [key]: null } })
    return {}
  }),
  route(
    'POST',
    'runs/log-batch',
    message({ run_id: text, metrics: list(metric), params: list(param), tags: list(tag) }),
    async (context, { run_id, metrics = [], params = [], tags = [] }) => {
      const id = checkRunId(required(run_id, 'run_id'))
      const points = toPoints(metrics, (at) => ({
        key: `metrics[${at}].key`,
        name: `metrics[${at}].name`,
        value: `metrics[${at}].value`,
        timestamp: `metrics[${at}].timestamp`,
      }))
      const parameters = params.map(({ key, value }, at) => {
        const path = `params[${at}].key`
        return [checkKey(required(key, path), path, 'Param key'), cutParamValue(value ?? '')] as const
      })
      const labels = tags.map(({ key, value }, at) => {
        const path = `tags[${at}].key`
        return [checkKey(required(key, path), path, 'key'), cutTagValue(value ?? '')] as const
      })
      checkCount('metrics', metrics.length, mostMetrics)
      checkCount('params', params.length, mostParams)
      checkCount('tags', tags.length, mostTags)
      checkTotal(metrics.length + params.length + tags.length)
      await log(context, id, {
        ...points,
        parameters: toParameters(parameters),
        ...toTagBatch(Object.fromEntries(labels)),
      })
      return {}
    },
  ),
  route('POST', 'runs/log-model', message({ ...runFields, model_json: text }), async (context, request) => {
    const run = await getRun(context, runIdOf(request))
    if (run.trashedAtMs !== null) throw runDeleted(run.id)
    const model = readModel(required(request.model_json, 'model_json'))
    const history = readHistory(run.labels['mlflow.log-model.history'])
    await log(context, run.id, { labels: { 'mlflow.log-model.history': JSON.stringify([...history, model]) } })
    if (typeof model['artifact_path'] === 'string') await recordRunModel(context, run.id, checkPath(model['artifact_path']))
    return {}
  }),
]

interface Paths {
  key: string
  name: string
  value: string
  timestamp: string
}

const onePaths: Paths = { key: 'key', name: 'name', value: 'value', timestamp: 'timestamp' }
const pathsOfOne = (): Paths => onePaths

/** The points, checked; those that name a logged model are also measurements of it. */
function toPoints(
  metrics: readonly MetricMessage[],
  pathsOf: (at: number) => Paths,
): Required<Pick<ReportedBatch, 'points'>> & Pick<ReportedBatch, 'modelPoints'> {
  const points = new PointGroups(metrics.length)
  const modelPoints = []
  for (const [at, each] of metrics.entries()) {
    const { key, value, timestamp, step = 0 } = each
    if (!key || !isKnownKey(key)) checkKey(required(key, pathsOf(at).key), pathsOf(at).name, 'Metric name')
    if (value === undefined) throw missingParameter(pathsOf(at).value)
    if (timestamp === undefined) throw missingParameter(pathsOf(at).timestamp)
    const timeMs = checkTimestamp(timestamp, key!)
    const number = fromWireDouble(value)
    points.add(key!, step, timeMs, number)
    if (each.model_id) modelPoints.push(toModelPoint(each.model_id, each, [key!, step, timeMs, number]))
  }
  return modelPoints.length === 0 ? { points } : { points, modelPoints }
}

const toModelPoint = (
  modelId: string,
  { dataset_name: datasetName = '', dataset_digest: datasetDigest = '' }: MetricMessage,
  [key, step, timeMs, value]: readonly [string, number, number, number],
) => ({ key, step, timeMs, value, modelId, datasetName, datasetDigest })

function toParameters(entries: readonly (readonly [string, string])[]): Record<string, JsonValue> {
  const parameters = Object.create(null) as Record<string, JsonValue>
  const duplicates = entries.filter(([key], at) => entries.findIndex(([other]) => other === key) < at).map(([key]) => key)
  if (duplicates.length > 0)
    throw invalid(
      `Duplicate parameter keys have been submitted: [${[...new Set(duplicates)].map((key) => `'${key}'`).join(', ')}]. Please ensure the request contains only one param value per param key.`,
    )
  for (const [key, value] of entries) parameters[key] = fromParamText(value)
  return parameters
}

function toTagBatch(tags: Record<string, string>): Pick<ReportedBatch, 'labels' | 'name'> {
  const { 'mlflow.runName': name, ...labels } = tags
  return name ? { labels, name } : { labels }
}

function checkCount(what: string, count: number, most: number): void {
  if (count > most)
    throw invalid(
      `A batch logging request can contain at most ${most} ${what}. Got ${count} ${what}. Please split up ${what} across multiple requests and try again.`,
    )
}

function checkTotal(count: number): void {
  if (count > mostMetrics)
    throw invalid(
      `A batch logging request can contain at most ${mostMetrics} metrics, params and tags in total. Got ${count}. Please split them up across multiple requests and try again.`,
    )
}

async function log(context: MlflowContext, runId: string, batch: ReportedBatch, form: 'one' | 'batch' = 'batch'): Promise<void> {
  try {
    await context.tracking.reported.log(runId, batch)
  } catch (error) {
    throw isAppError(error) ? toLogError(error, runId, form) : error
  }
}

function toLogError(error: AppError, runId: string, form: 'one' | 'batch'): Error {
  const { details } = error
  if (error.code === 'not_found' && typeof details['modelId'] === 'string')
    return missing(`Logged model with ID '${details['modelId']}' not found.`)
  if (error.code === 'not_found') return runMissing(runId)
  if (details['trashed'] === true) return runDeleted(runId)
  if (error.code !== 'failed_precondition' || typeof details['key'] !== 'string') return error
  const stored = toParamText(details['stored'] as JsonValue)
  const given = toParamText(details['given'] as JsonValue)
  return invalid(
    form === 'one'
      ? `Changing param values is not allowed. Param with key='${details['key']}' was already logged with value='${stored}' for run ID='${runId}'. Attempted logging new value '${given}'.`
      : `Changing param values is not allowed. Params were already logged='[{'key': '${details['key']}', 'old_value': '${stored}', 'new_value': '${given}'}]' for run ID='${runId}'.`,
  )
}

const modelFields = ['run_id', 'artifact_path', 'utc_time_created', 'flavors'] as const

/** What older clients say about a model they stored; the rest of it is in the model's own file. */
function readModel(json: string): Record<string, unknown> {
  checkDepth(json)
  let model: unknown
  try {
    model = JSON.parse(json)
  } catch {
    throw invalid(`Malformed model info. \n ${json.slice(0, 500)} \n is not a valid JSON.`)
  }
  if (typeof model !== 'object' || model === null || Array.isArray(model))
    throw invalid(`Malformed model info. \n ${json.slice(0, 500)} \n is not a JSON object.`)
  const written = model as Record<string, unknown>
  const absent = modelFields.filter((name) => written[name] === undefined)
  if (absent.length > 0)
    throw invalid(`Model json is missing mandatory fields: {${absent.map((name) => `'${name}'`).join(', ')}}`)
  return Object.fromEntries([...modelFields, 'model_uuid'].flatMap((name) => (name in written ? [[name, written[name]]] : [])))
}

function readHistory(tagged: string | undefined): unknown[] {
  if (tagged === undefined) return []
  try {
    const history: unknown = JSON.parse(tagged)
    return Array.isArray(history) ? history : []
  } catch {
    // Somebody set the tag to something else; the new history takes its place.
    return []
  }
}
