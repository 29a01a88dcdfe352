import { isAppError, newRunId } from '@trainyard/contract'
import type { LoggedModelRecord } from '../../tracking/index.ts'
import { getActiveExperiment, tag } from './experiments.ts'
import { invalid, missing } from './errors.ts'
import { parseModelFilter, parseModelOrder } from './logged-model-filter.ts'
import { recordLoggedModel } from './model-artifacts.ts'
import { type MlflowContext, type Route, route } from './route.ts'
import { randomRunName } from './run-names.ts'
import { present, toMetric, toTags } from './run-view.ts'
import { checkKey, checkLimit, cutTagValue } from './validation.ts'
import { boolean, choice, idText, integer, list, message, required, text } from './wire.ts'

const statusNumbers = { LOGGED_MODEL_PENDING: 1, LOGGED_MODEL_READY: 2, LOGGED_MODEL_UPLOAD_FAILED: 3 } as const
type WireStatus = keyof typeof statusNumbers
const statusOf = { pending: 'LOGGED_MODEL_PENDING', ready: 'LOGGED_MODEL_READY', failed: 'LOGGED_MODEL_UPLOAD_FAILED' } as const
const recordStatusOf: Record<WireStatus, LoggedModelRecord['status']> = {
  LOGGED_MODEL_PENDING: 'pending',
  LOGGED_MODEL_READY: 'ready',
  LOGGED_MODEL_UPLOAD_FAILED: 'failed',
}

const param = message({ key: text, value: text })
const anything = message({})

export const loggedModelRoutes: readonly Route[] = [
  route(
    'POST',
    'logged-models',
    message({
      experiment_id: idText,
      name: text,
      model_type: text,
      source_run_id: text,
      params: list(param),
      tags: list(tag),
    }),
    async (context, request) => {
      const experiment = await getActiveExperiment(context, required(request.experiment_id, 'experiment_id'))
      const model = await context.tracking.loggedModels.create({
        id: `m-${newRunId(context.clock.nowMs())}`,
        experimentId: experiment.id,
        name: checkName(request.name || randomRunName()),
        ...(request.model_type ? { type: request.model_type } : {}),
        ...(request.source_run_id ? { sourceRunId: request.source_run_id } : {}),
        parameters: toMap(request.params, 'params'),
        tags: toMap(request.tags, 'tags'),
      })
      return { model: await toModel(context, model) }
    },
  ),
  route(
    'POST',
    'logged-models/search',
    message({
      experiment_ids: list(idText),
      filter: text,
      datasets: list(message({ dataset_name: text, dataset_digest: text })),
      max_results: integer,
      order_by: list(message({ field_name: text, ascending: boolean, dataset_name: text, dataset_digest: text })),
      page_token: text,
    }),
    async (context, request) => {
      const experimentIds = (request.experiment_ids ?? []).filter((id) => /^\d{1,15}$/.test(id))
      const { models, next } = await context.tracking.loggedModels.search({
        experimentIds,
        conditions: parseModelFilter(request.filter ?? ''),
        sort: parseModelOrder(request.order_by ?? []),
        limit: checkLimit(request.max_results ?? 100, 50_000),
        datasets: (request.datasets ?? []).map(({ dataset_name, dataset_digest }, at) => ({
          name: required(dataset_name, `datasets[${at}].dataset_name`),
          ...(dataset_digest ? { digest: dataset_digest } : {}),
        })),
        ...(request.page_token ? { cursor: request.page_token } : {}),
      })
      return {
        models: present(await Promise.all(models.map((model) => toModel(context, model)))),
        next_page_token: next ?? undefined,
      }
    },
  ),
  route('GET', 'logged-models/:model_id', anything, async (context, _, { params }) => ({
    model: await toModel(context, await getModel(context, params['model_id']!)),
  })),
  route(
    'PATCH',
    'logged-models/:model_id',
    message({ status: choice(statusNumbers) }),
    async (context, { status }, { params }) => {
      const { id } = await getModel(context, params['model_id']!)
      await context.tracking.loggedModels.setStatus(id, recordStatusOf[required(status, 'status')])
      const model = await getModel(context, id)
      if (model.status === 'ready') await recordLoggedModel(context, model)
      return { model: await toModel(context, model) }
    },
  ),
  route('DELETE', 'logged-models/:model_id', anything, async (context, _, { params }) => {
    const { id } = await getModel(context, params['model_id']!)
    await context.tracking.loggedModels.trash(id)
    return {}
  }),
  route('PATCH', 'logged-models/:model_id/tags', message({ tags: list(tag) }), async (context, { tags }, { params }) => {
    const { id } = await getModel(context, params['model_id']!)
    await context.tracking.loggedModels.setTags(id, toMap(tags, 'tags'))
    return {}
  }),
  route('DELETE', 'logged-models/:model_id/tags/:key', anything, async (context, _, { params }) => {
    const model = await getModel(context, params['model_id']!)
    const key = params['key']!
    if (model.tags[key] === undefined) throw missing(`No tag with key '${key}' found for model with ID '${model.id}'.`)
    await context.tracking.loggedModels.setTags(model.id, { [key]: null })
    return {}
  }),
  route('POST', 'logged-models/:model_id/params', message({ params: list(param) }), async (context, request, { params }) => {
    const { id } = await getModel(context, params['model_id']!)
    try {
      await context.tracking.loggedModels.addParameters(id, toMap(request.params, 'params'))
    } catch (error) {
      if (isAppError(error, 'already_exists'))
        throw invalid(`A parameter of the model '${id}' is logged already and cannot change.`)
      throw error
    }
    return {}
  }),
  route(
    'GET',
    'logged-models/:model_id/artifacts/directories',
    message({ artifact_directory_path: text }),
    async (context, { artifact_directory_path }, { params }) => {
      const model = await getModel(context, params['model_id']!)
      const files = await context.places.list(await context.places.ofModel(model), artifact_directory_path ?? '')
      return { root_uri: await uriOf(context, model), files: present(files) }
    },
  ),
]

export async function getModel({ tracking }: MlflowContext, id: string): Promise<LoggedModelRecord> {
  const found = await tracking.loggedModels.find(id)
  if (!found) throw missing(`Logged model with ID '${id}' not found.`)
  return found
}

export async function uriOf({ tracking }: MlflowContext, model: LoggedModelRecord): Promise<string> {
  const experiment = await tracking.experiments.find(model.experimentId)
  const root = experiment?.artifactLocation?.replace(/\/+$/, '') ?? `mlflow-artifacts:/${model.experimentId}`
  return `${root}/models/${model.id}/artifacts`
}

async function toModel(context: MlflowContext, model: LoggedModelRecord): Promise<object> {
  return {
    info: {
      model_id: model.id,
      experiment_id: model.experimentId,
      name: model.name,
      creation_timestamp_ms: model.createdAtMs,
      last_updated_timestamp_ms: model.updatedAtMs,
      artifact_uri: await uriOf(context, model),
      status: statusOf[model.status],
      model_type: model.type ?? undefined,
      source_run_id: model.sourceRunId ?? undefined,
      tags: present(toTags(model.tags)),
    },
    data: {
      params: present(toTags(model.parameters)),
      metrics: present(toModelMetrics(model)),
    },
  }
}

export const toModelMetrics = (model: LoggedModelRecord): object[] =>
  model.metrics.map((point) => ({
    ...toMetric(point),
    model_id: model.id,
    run_id: point.runId,
    dataset_name: point.datasetName || undefined,
    dataset_digest: point.datasetDigest || undefined,
  }))

function checkName(name: string): string {
  if (/[/:.%"']/.test(name))
    throw invalid(
      `Invalid model name (${name}) provided. Model name must be a non-empty string and cannot contain the following characters: ('/', ':', '.', '%', '"', "'")`,
    )
  return name
}

function toMap(entries: readonly { key?: string; value?: string }[] = [], path: string): Record<string, string> {
  const map = Object.create(null) as Record<string, string>
  for (const [at, { key, value }] of entries.entries())
    map[checkKey(required(key, `${path}[${at}].key`), `${path}[${at}].key`, 'key')] = cutTagValue(value ?? '')
  return map
}
