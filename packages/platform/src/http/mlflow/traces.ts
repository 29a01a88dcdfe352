import { setTimeout as sleep } from 'node:timers/promises'
import type { NewTrace, TraceRecord, TraceState } from '../../traces/index.ts'
import { assessment, toNewAssessment } from './assessments.ts'
import { invalid, missing } from './errors.ts'
import { type MlflowContext, type Route, route } from './route.ts'
import { present } from './run-view.ts'
import { toOtelSpan } from './span-view.ts'
import { inTraceWords } from './trace-context.ts'
import { parseTraceFilter, parseTraceOrder } from './trace-filter.ts'
import { toTraceInfo, toTraceInfos } from './trace-view.ts'
import { checkLimit, cutTagValue } from './validation.ts'
import { boolean, choice, idText, integer, list, message, required, text } from './wire.ts'
import { duration, moment, texts } from './wire-values.ts'

export const traceStates: Record<TraceState, number> = { STATE_UNSPECIFIED: 0, OK: 1, ERROR: 2, IN_PROGRESS: 3 }
const mostTraces = 500
const mostLinked = 100

const location = message({ type: text, mlflow_experiment: message({ experiment_id: idText }) })

const traceInfo = message({
  trace_id: text,
  client_request_id: text,
  trace_location: location,
  request_preview: text,
  response_preview: text,
  request_time: moment,
  execution_duration: duration,
  state: choice(traceStates),
  trace_metadata: texts,
  tags: texts,
  assessments: list(assessment),
})

/** What the third version of the protocol says of traces. Spans come and go beside it: see `otlp.ts` and `artifacts.ts`. */
export const traceRoutes: readonly Route[] = [
  route(
    'POST',
    'traces',
    message({ trace: message({ trace_info: traceInfo }) }),
    (context, { trace }) =>
      inTraceWords(async () => {
        const info = required(required(trace, 'trace').trace_info, 'trace.trace_info')
        const stored = await context.traces.put(toNewTrace(info))
        return { trace: { trace_info: await toTraceInfo(context, stored) } }
      }),
    '3.0',
  ),
  route(
    'POST',
    'traces/search',
    message({ locations: list(location), filter: text, max_results: integer, order_by: list(text), page_token: text }),
    (context, { locations, filter, max_results, order_by, page_token }) =>
      inTraceWords(async () => {
        const { traces, next } = await context.traces.search({
          experimentIds: required(locations, 'locations').flatMap(
            ({ mlflow_experiment }) => mlflow_experiment?.experiment_id ?? [],
          ),
          conditions: parseTraceFilter(filter ?? ''),
          sort: parseTraceOrder(order_by ?? []),
          limit: checkLimit(max_results ?? 100, mostTraces),
          ...(page_token ? { cursor: page_token } : {}),
        })
        return { traces: present(await toTraceInfos(context, traces)), next_page_token: next ?? undefined }
      }),
    '3.0',
  ),
  route(
    'GET',
    'traces/get',
    message({ trace_id: text, allow_partial: boolean }),
    async (context, { trace_id, allow_partial }) => {
      const id = required(trace_id, 'trace_id')
      const [whole] = await wholeTraces(context, [id], allow_partial === true)
      if (whole) return { trace: whole }
      if (await context.traces.find(id)) throw missing(`Trace with ID ${id} is not fully exported yet, please try again later.`)
      throw missing(`Trace with ID ${id} is not found.`)
    },
    '3.0',
  ),
  route(
    'GET',
    'traces/batchGet',
    message({ trace_ids: list(text), experiment_ids: list(idText) }),
    async (context, { trace_ids, experiment_ids }) => {
      const ids = required(trace_ids, 'trace_ids')
      return { traces: present(await wholeTraces(context, ids, false, experiment_ids)) }
    },
    '3.0',
  ),
  ...(['GET', 'POST'] as const).map((method) =>
    route(
      method,
      'traces/batchGetInfos',
      message({ trace_ids: list(text), experiment_ids: list(idText) }),
      async (context, { trace_ids, experiment_ids }) => {
        const found = await context.traces.findMany([...new Set(required(trace_ids, 'trace_ids'))])
        return { trace_infos: present(await toTraceInfos(context, inExperiments(found, experiment_ids))) }
      },
      '3.0',
    ),
  ),
  route(
    'GET',
    'traces/:trace_id',
    message({}),
    async (context, _, { params }) => ({
      trace: { trace_info: await toTraceInfo(context, await getTrace(context, params['trace_id']!)) },
    }),
    '3.0',
  ),
  ...(['2.0', '3.0'] as const).flatMap(changesOfTraces),
]

/** What both versions of the protocol have alike. */
function changesOfTraces(version: Route['version']): Route[] {
  return [
    route(
      'PATCH',
      'traces/:trace_id/tags',
      message({ key: text, value: text }),
      (context, { key, value }, { params }) =>
        inTraceWords(async () => {
          const name = checkTagKey(required(key, 'key'), 'set')
          await context.traces.setTags(params['trace_id']!, { [name]: cutTagValue(value ?? '') })
          return {}
        }),
      version,
    ),
    route(
      'DELETE',
      'traces/:trace_id/tags',
      message({ key: text }),
      (context, { key }, { params }) =>
        inTraceWords(async () => {
          await context.traces.setTags(params['trace_id']!, { [checkTagKey(required(key, 'key'), 'deleted')]: null })
          return {}
        }),
      version,
    ),
    route(
      'POST',
      'traces/delete-traces',
      message({ experiment_id: idText, max_timestamp_millis: integer, max_traces: integer, request_ids: list(text) }),
      (context, request) => inTraceWords(() => deleteTraces(context, request)),
      version,
    ),
    route(
      'POST',
      'traces/link-to-run',
      message({ trace_ids: list(text), run_id: text }),
      (context, { trace_ids, run_id }) =>
        inTraceWords(async () => {
          const ids = required(trace_ids, 'trace_ids')
          const runId = required(run_id, 'run_id')
          if (ids.length > mostLinked)
            throw invalid(
              `Cannot link more than ${mostLinked} traces to a run in a single request. Provided ${ids.length} traces.`,
            )
          await context.traces.linkToRun(ids, runId)
          return {}
        }),
      version,
    ),
    route(
      'POST',
      'traces/link-prompts',
      message({ trace_id: text, prompt_versions: list(message({ name: text, version: idText })) }),
      (context, { trace_id, prompt_versions }) =>
        inTraceWords(async () => {
          const prompts = required(prompt_versions, 'prompt_versions').map(
            (prompt, at) =>
              `${required(prompt.name, `prompt_versions[${at}].name`)}/${required(prompt.version, `prompt_versions[${at}].version`)}`,
          )
          await context.traces.linkPrompts(required(trace_id, 'trace_id'), prompts)
          return {}
        }),
      version,
    ),
  ]
}

export async function getTrace(context: MlflowContext, id: string): Promise<TraceRecord> {
  const found = await context.traces.find(id)
  if (!found) throw missing(`Trace with ID '${id}' not found.`)
  return found
}

function toNewTrace(info: ReturnType<typeof traceInfo>): NewTrace {
  const at = 'trace.trace_info'
  return {
    id: required(info.trace_id, `${at}.trace_id`),
    experimentId: required(
      info.trace_location?.mlflow_experiment?.experiment_id,
      `${at}.trace_location.mlflow_experiment.experiment_id`,
    ),
    state: info.state ?? 'STATE_UNSPECIFIED',
    startedAtMs: required(info.request_time, `${at}.request_time`),
    tags: withoutLocations(info.tags ?? {}),
    metadata: cutValues(info.trace_metadata ?? {}),
    assessments: (info.assessments ?? []).map((each, index) => toNewAssessment(each, `${at}.assessments[${index}]`)),
    ...(info.execution_duration === undefined ? {} : { durationMs: info.execution_duration }),
    ...(info.client_request_id === undefined ? {} : { clientRequestId: info.client_request_id }),
    ...(info.request_preview === undefined ? {} : { requestPreview: info.request_preview }),
    ...(info.response_preview === undefined ? {} : { responsePreview: info.response_preview }),
  }
}

const cutValues = (values: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [key, cutTagValue(value)]))

const ownTags = new Set(['mlflow.artifactLocation', 'mlflow.trace.spansLocation'])

/** Where spans and files of a trace lie is the server's to say. */
export const withoutLocations = (tags: Record<string, string>): Record<string, string> =>
  cutValues(Object.fromEntries(Object.entries(tags).filter(([key]) => !ownTags.has(key))))

function checkTagKey(key: string, operation: 'set' | 'deleted'): string {
  if (ownTags.has(key)) throw invalid(`Tag '${key}' is immutable and cannot be ${operation} on a trace.`)
  return key
}

const inExperiments = (traces: TraceRecord[], experimentIds: readonly string[] | undefined): TraceRecord[] =>
  experimentIds === undefined ? traces : traces.filter(({ experimentId }) => experimentIds.includes(experimentId))

/** Spans are sent beside the trace that they belong to, and may be under way when it is asked for. */
const patienceMs = 3_000
const lookAgainMs = 50

/** Traces with all their spans; those that have none, or not yet all, are left out unless parts are welcome. */
async function wholeTraces(
  context: MlflowContext,
  ids: readonly string[],
  allowPartial: boolean,
  experimentIds?: readonly string[],
): Promise<object[]> {
  const wanted = [...new Set(ids)]
  for (const until = Date.now() + patienceMs; ; await sleep(lookAgainMs)) {
    const traces = inExperiments(await context.traces.findMany(wanted), experimentIds)
    const isWaiting = traces.some((trace) => trace.spanCount < expectedSpans(trace) && trace.spanCount > 0)
    if (isWaiting && !allowPartial && Date.now() < until) continue
    const shown = traces.filter((trace) => allowPartial || (trace.spanCount > 0 && trace.spanCount >= expectedSpans(trace)))
    const spans = await context.traces.spansOf(shown.map(({ id }) => id))
    const infos = await toTraceInfos(context, shown)
    return shown.map(({ id }, at) => ({ trace_info: infos[at]!, spans: present((spans.get(id) ?? []).map(toOtelSpan)) }))
  }
}

/** How many spans the client says it sends. */
function expectedSpans({ metadata }: TraceRecord): number {
  const count = /"num_spans":\s*(\d{1,9})/.exec(metadata['mlflow.trace.sizeStats'] ?? '')?.[1]
  return count === undefined ? 1 : Number(count)
}

async function deleteTraces(
  context: MlflowContext,
  request: { experiment_id?: string; max_timestamp_millis?: number; max_traces?: number; request_ids?: string[] },
): Promise<object> {
  const experimentId = required(request.experiment_id, 'experiment_id')
  const { max_timestamp_millis: untilMs, max_traces: limit, request_ids: ids = [] } = request
  if (untilMs === undefined && ids.length === 0) throw invalid('Either `max_timestamp_millis` or `trace_ids` must be specified.')
  if (untilMs !== undefined && ids.length > 0)
    throw invalid('Only one of `max_timestamp_millis` and `trace_ids` can be specified.')
  if (ids.length > 0 && limit !== undefined) throw invalid("`max_traces` can't be specified if `trace_ids` is specified.")
  if (limit !== undefined && limit <= 0) throw invalid(`\`max_traces\` must be a positive integer, received ${limit}.`)
  const gone = await context.traces.remove(
    untilMs === undefined ? { experimentId, ids } : { experimentId, untilMs, ...(limit === undefined ? {} : { limit }) },
  )
  for (const id of gone) await context.places.removeTrace(experimentId, id)
  return { traces_deleted: gone.length }
}
