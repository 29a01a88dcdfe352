import { newRunId, type RunRecord } from '@trainyard/contract'
import { JsonText } from '../json-text.ts'
import { getActiveExperiment, tag, trashedOf, viewTypeNumbers } from './experiments.ts'
import { invalid, missing } from './errors.ts'
import { type MlflowContext, type Route, route } from './route.ts'
import { parseRunFilter, parseRunOrder } from './run-filter.ts'
import { randomRunName } from './run-names.ts'
import { runStatusNumbers, toState } from './run-status.ts'
import { runTexts, toRunInfo } from './run-view.ts'
import { checkKey, checkLimit, checkTimestamp, cutTagValue } from './validation.ts'
import { choice, idText, integer, list, message, required, text } from './wire.ts'

/** Which run a request is about: newer clients say `run_id`, older ones `run_uuid`, most say both. */
export const runFields = { run_id: text, run_uuid: text }
export const runIdOf = ({ run_id, run_uuid }: { run_id?: string; run_uuid?: string }): string =>
  required(run_id || run_uuid, 'run_id')

export const runMissing = (id: string): Error => missing(`Run with id=${id} not found`)
export const runDeleted = (id: string): Error => invalid(`The run ${id} must be in the 'active' state. Current state is deleted.`)

export async function getRun({ tracking }: MlflowContext, id: string): Promise<RunRecord> {
  const run = await tracking.runs.find(id)
  if (!run) throw runMissing(id)
  return run
}

export const runRoutes: readonly Route[] = [
  route(
    'POST',
    'runs/create',
    message({ experiment_id: idText, user_id: text, run_name: text, start_time: integer, tags: list(tag) }),
    async (context, request) => {
      const { tracking, clock, places } = context
      const experiment = await getActiveExperiment(context, request.experiment_id || '0')
      const tags = checkTags(request.tags ?? [])
      const id = newRunId(clock.nowMs())
      await tracking.reported.create({
        id,
        experimentId: experiment.id,
        name: nameOf(request.run_name, tags['mlflow.runName']),
        kind: 'run',
        state: 'running',
        createdAtMs: request.start_time === undefined ? clock.nowMs() : checkTimestamp(request.start_time, 'start_time'),
        owner: request.user_id || tags['mlflow.user'] || 'unknown',
        host: '',
        outPath: places.ofRun(id, experiment),
        labels: labelsOf(tags, request.user_id),
        ...(tags['mlflow.parentRunId'] ? { parentId: tags['mlflow.parentRunId'] } : {}),
      })
      return await oneRun(context, id)
    },
  ),
  route('GET', 'runs/get', message(runFields), async (context, request) => {
    return await oneRun(context, runIdOf(request))
  }),
  route(
    'POST',
    'runs/update',
    message({ ...runFields, status: choice(runStatusNumbers), end_time: integer, run_name: text }),
    async (context, request) => {
      const id = runIdOf(request)
      const before = await getRun(context, id)
      if (before.trashedAtMs !== null) throw runDeleted(id)
      const { status, end_time, run_name } = request
      await context.tracking.reported.setState(id, {
        ...(status === undefined ? {} : { state: toState(status) }),
        ...(end_time === undefined ? {} : { endedAtMs: checkTimestamp(end_time, 'end_time') }),
        ...(run_name ? { name: run_name } : {}),
      })
      const experiments = await context.tracking.experiments.ofRuns([id])
      return { run_info: toRunInfo(await getRun(context, id), experiments.get(id)!) }
    },
  ),
  ...(['delete', 'restore'] as const).map((change) =>
    route('POST', `runs/${change}`, message(runFields), async (context, request) => {
      const { id } = await getRun(context, runIdOf(request))
      await context.tracking.reported[change === 'delete' ? 'trash' : 'restore'](id)
      return {}
    }),
  ),
  route(
    'POST',
    'runs/search',
    message({
      experiment_ids: list(idText),
      filter: text,
      run_view_type: choice(viewTypeNumbers),
      max_results: integer,
      order_by: list(text),
      page_token: text,
    }),
    async (context, request) => {
      const limit = checkLimit(request.max_results ?? 1_000, 50_000)
      const { filter, dataset } = parseRunFilter(request.filter ?? '')
      const sort = parseRunOrder(request.order_by ?? [])
      const experimentIds = (request.experiment_ids ?? []).filter((id) => /^\d{1,15}$/.test(id))
      if (experimentIds.length === 0) return {}
      const { runs, next } = await context.tracking.runs.searchWhole({
        experimentIds,
        iterations: true,
        trashed: trashedOf(request.run_view_type),
        limit: Math.min(limit, 10_000),
        dataset,
        sort,
        ...(filter ? { filter } : {}),
        ...(request.page_token ? { cursor: request.page_token } : {}),
      })
      if (runs.length === 0) return {}
      const token = next === null ? '' : `,"next_page_token":${JSON.stringify(next)}`
      return new JsonText(`{"runs":[${runTexts(runs).join(',')}]${token}}`)
    },
  ),
]

async function oneRun({ tracking }: MlflowContext, id: string): Promise<JsonText> {
  const run = await tracking.runs.findWhole(id)
  if (!run) throw runMissing(id)
  return new JsonText(`{"run":${runTexts([run]).join('')}}`)
}

function checkTags(tags: readonly { key?: string; value?: string }[]): Record<string, string> {
  const checked = Object.create(null) as Record<string, string>
  for (const [at, { key, value }] of tags.entries())
    checked[checkKey(required(key, `tags[${at}].key`), `tags[${at}].key`, 'key')] = cutTagValue(value ?? '')
  return checked
}

function nameOf(name: string | undefined, tagged: string | undefined): string {
  if (name && tagged && name !== tagged)
    throw invalid(
      `Both 'run_name' argument and 'mlflow.runName' tag are specified, but with different values (run_name='${name}', mlflow.runName='${tagged}').`,
    )
  return name || tagged || randomRunName()
}

/** The name and the user are on the record itself. */
function labelsOf(tags: Record<string, string>, userId: string | undefined): Record<string, string> {
  const { 'mlflow.runName': _, 'mlflow.user': user, ...labels } = tags
  return user === undefined || !userId || user === userId ? labels : { ...labels, 'mlflow.user': user }
}
