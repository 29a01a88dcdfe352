import { isAppError, type MetricPoint } from '@trainyard/contract'
import { invalid } from './errors.ts'
import { type MlflowContext, type Route, route } from './route.ts'
import { present, toMetric } from './run-view.ts'
import { runFields, runIdOf } from './runs.ts'
import { integer, JsonText, list, message, required, text, toWireDouble } from './wire.ts'

const mostRuns = 100
const mostPoints = 25_000
const mostSteps = 2_500

const bulk = message({ run_id: list(text), run_ids: list(text), metric_key: text, max_results: integer })
const interval = message({
  run_ids: list(text),
  metric_key: text,
  start_step: integer,
  end_step: integer,
  max_results: integer,
})

export const metricRoutes: readonly Route[] = [
  route(
    'GET',
    'metrics/get-history',
    message({ ...runFields, metric_key: text, max_results: integer, page_token: text }),
    async (context, request) => {
      const key = required(request.metric_key, 'metric_key')
      const points = await historyOf(context, runIdOf(request), key)
      const offset = readToken(request.page_token)
      const limit = request.max_results ?? points.length
      if (limit < 0) throw invalid(`Invalid value ${limit} for parameter 'max_results' supplied. It must be a positive integer.`)
      const page = limit === 0 ? [] : points.slice(offset, offset + limit)
      const isMore = limit > 0 && offset + limit < points.length
      return new JsonText(historyText(key, page, isMore ? writeToken(offset + limit) : undefined))
    },
  ),
  route('GET', 'metrics/get-history-bulk', bulk, async (context, request) => {
    const key = required(request.metric_key, 'metric_key')
    const ids = checkRuns(request.run_id ?? request.run_ids)
    const limit = Math.min(request.max_results ?? mostPoints, mostPoints)
    const metrics: object[] = []
    for (const id of [...ids].sort()) {
      for (const point of await historyOf(context, id, key)) {
        if (metrics.length === limit) return { metrics }
        metrics.push({ ...toMetric({ key, ...point }), run_id: id })
      }
    }
    return { metrics }
  }),
  route('GET', 'metrics/get-history-bulk-interval', interval, async (context, request) => {
    const key = required(request.metric_key, 'metric_key')
    const ids = checkRuns(request.run_ids)
    const { start_step: start, end_step: end, max_results: most = mostSteps } = request
    if ((start === undefined) !== (end === undefined))
      throw invalid('If either start step or end step are specified, both start step and end step must be specified.')
    if (start !== undefined && end !== undefined && start > end)
      throw invalid(`end_step must be greater than start_step. Found start_step=${start} and end_step=${end}.`)
    if (most < 1 || most > mostSteps) throw invalid(`max_results must be between 1 and ${mostSteps}.`)
    const metrics: object[] = []
    for (const id of [...ids].sort()) {
      for (const point of await sampledOf(context, id, key, { maxPoints: most, fromStep: start, toStep: end }))
        metrics.push({ ...toMetric({ key, ...point }), run_id: id })
    }
    return { metrics: present(metrics) }
  }),
]

/** One text that grows: for 25,000 points 10 ms, where a text for each of them that are joined takes 44. */
function historyText(key: string, points: readonly MetricPoint[], next: string | undefined): string {
  const start = `{"key":${JSON.stringify(key)},"value":`
  let metrics = ''
  for (const { value, timeMs, step } of points) {
    metrics += metrics === '' ? start : `,${start}`
    metrics += wireText(value)
    metrics += `,"timestamp":${timeMs},"step":${step}}`
  }
  const parts = [
    ...(metrics === '' ? [] : [`"metrics":[${metrics}]`]),
    ...(next === undefined ? [] : [`"next_page_token":${JSON.stringify(next)}`]),
  ]
  return `{${parts.join(',')}}`
}

const wireText = (value: number): string => (Number.isFinite(value) ? String(value) : JSON.stringify(toWireDouble(value)))

function checkRuns(ids: string[] | undefined): string[] {
  if (!ids || ids.length === 0) throw invalid('GetMetricHistoryBulk request must specify at least one run_id.')
  if (ids.length > mostRuns)
    throw invalid(`GetMetricHistoryBulk request cannot specify more than ${mostRuns} run_ids. Received ${ids.length} run_ids.`)
  return [...new Set(ids)]
}

/** In order of time, step, value; nothing for a run or a key that does not exist. */
async function historyOf({ tracking }: MlflowContext, runId: string, key: string): Promise<MetricPoint[]> {
  const points = await emptyWhenMissing(tracking.metrics.history(runId, key))
  return points.sort(
    (left, right) => left.timeMs - right.timeMs || left.step - right.step || (left.value || 0) - (right.value || 0),
  )
}

/** The shape of the series in few points: a spike of one point is never lost. In order of step, then time. */
async function sampledOf(
  { tracking }: MlflowContext,
  runId: string,
  key: string,
  { maxPoints, fromStep, toStep }: { maxPoints: number; fromStep: number | undefined; toStep: number | undefined },
): Promise<MetricPoint[]> {
  const range = { ...(fromStep === undefined ? {} : { fromStep }), ...(toStep === undefined ? {} : { toStep }) }
  const points = await emptyWhenMissing(tracking.metrics.sampled(runId, key, { maxPoints, ...range }))
  return points.sort((left, right) => left.step - right.step || left.timeMs - right.timeMs)
}

async function emptyWhenMissing(points: Promise<MetricPoint[]>): Promise<MetricPoint[]> {
  try {
    return await points
  } catch (error) {
    if (isAppError(error, 'not_found')) return []
    throw error
  }
}

const writeToken = (offset: number): string => Buffer.from(JSON.stringify({ offset })).toString('base64')

function readToken(token: string | undefined): number {
  if (!token) return 0
  let offset: unknown
  try {
    offset = (JSON.parse(Buffer.from(token, 'base64').toString()) as { offset?: unknown } | null)?.offset
  } catch {
    throw invalid('Invalid page token, could not base64-decode')
  }
  if (!Number.isSafeInteger(offset) || (offset as number) < 0) throw invalid('Invalid page token, decoded value has no offset')
  return offset as number
}
