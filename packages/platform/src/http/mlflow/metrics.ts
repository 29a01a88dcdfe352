import { isAppError, type MetricPoint } from '@trainyard/contract'
import { numbersPerPoint, type PointOrder, sortPoints } from '../../tracking/index.ts'
import { JsonText } from '../json-text.ts'
import { type PointForm, pointsJson } from '../points-json.ts'
import { invalid } from './errors.ts'
import { type MlflowContext, type Route, route } from './route.ts'
import { present, toMetric } from './run-view.ts'
import { runFields, runIdOf } from './runs.ts'
import { integer, list, message, required, text, toWireDouble } from './wire.ts'

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
      const count = points.length / numbersPerPoint
      const offset = readToken(request.page_token)
      const limit = request.max_results ?? count
      if (limit < 0) throw invalid(`Invalid value ${limit} for parameter 'max_results' supplied. It must be a positive integer.`)
      const page = part(points, offset, limit)
      const next = limit > 0 && offset + limit < count ? { next_page_token: writeToken(offset + limit) } : {}
      return metricsText([pointsJson(page, metricForm(key))], next)
    },
  ),
  route('GET', 'metrics/get-history-bulk', bulk, async (context, request) => {
    const key = required(request.metric_key, 'metric_key')
    const ids = checkRuns(request.run_id ?? request.run_ids)
    const limit = Math.max(0, Math.min(request.max_results ?? mostPoints, mostPoints))
    const metrics: Uint8Array[] = []
    let left = limit
    for (const id of [...ids].sort()) {
      const points = part(await historyOf(context, id, key), 0, left)
      metrics.push(pointsJson(points, metricForm(key, id)))
      left -= points.length / numbersPerPoint
    }
    return metricsText(metrics, {}, { always: true })
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

const part = (points: Float64Array, offset: number, limit: number): Float64Array =>
  points.subarray(offset * numbersPerPoint, (offset + limit) * numbersPerPoint)

const metricForm = (key: string, runId?: string): PointForm => ({
  value: `{"key":${JSON.stringify(key)},"value":`,
  timeMs: ',"timestamp":',
  step: ',"step":',
  end: runId === undefined ? '}' : `,"run_id":${JSON.stringify(runId)}}`,
  special: (value) => JSON.stringify(toWireDouble(value)),
})

/** The metrics of one run after the other, with the fields behind them. Without any there is no list, unless there always is one. */
function metricsText(metrics: readonly Uint8Array[], others: object, { always = false } = {}): JsonText {
  const filled = metrics.filter((bytes) => bytes.length > 0)
  const rest = JSON.stringify(others)
  if (filled.length === 0) return new JsonText(always ? '{"metrics":[]}' : rest)
  const pieces = filled.flatMap((bytes, at) => [Buffer.from(at === 0 ? '{"metrics":[' : ','), bytes])
  return new JsonText(Buffer.concat([...pieces, Buffer.from(rest === '{}' ? ']}' : `],${rest.slice(1)}`)]))
}

function checkRuns(ids: string[] | undefined): string[] {
  if (!ids || ids.length === 0) throw invalid('GetMetricHistoryBulk request must specify at least one run_id.')
  if (ids.length > mostRuns)
    throw invalid(`GetMetricHistoryBulk request cannot specify more than ${mostRuns} run_ids. Received ${ids.length} run_ids.`)
  return [...new Set(ids)]
}

/** In order of time, step, value; nothing for a run or a key that does not exist. */
const historyOf = async ({ tracking }: MlflowContext, runId: string, key: string): Promise<Float64Array> =>
  sortPoints((await unlessMissing(tracking.metrics.numbers(runId, key))) ?? new Float64Array(0), byTime)

const byTime: PointOrder = (numbers, left, right) =>
  numbers[left + 1]! - numbers[right + 1]! ||
  numbers[left]! - numbers[right]! ||
  (numbers[left + 2]! || 0) - (numbers[right + 2]! || 0)

/** The shape of the series in few points: a spike of one point is never lost. In order of step, then time. */
async function sampledOf(
  { tracking }: MlflowContext,
  runId: string,
  key: string,
  { maxPoints, fromStep, toStep }: { maxPoints: number; fromStep: number | undefined; toStep: number | undefined },
): Promise<MetricPoint[]> {
  const range = { ...(fromStep === undefined ? {} : { fromStep }), ...(toStep === undefined ? {} : { toStep }) }
  const points = (await unlessMissing(tracking.metrics.sampled(runId, key, { maxPoints, ...range }))) ?? []
  return points.sort((left, right) => left.step - right.step || left.timeMs - right.timeMs)
}

async function unlessMissing<Points>(points: Promise<Points>): Promise<Points | undefined> {
  try {
    return await points
  } catch (error) {
    if (isAppError(error, 'not_found')) return undefined
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
