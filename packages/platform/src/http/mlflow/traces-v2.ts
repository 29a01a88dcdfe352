import { randomUUID } from 'node:crypto'
import type { NewTrace, TraceRecord } from '../../traces/index.ts'
import { tag } from './experiments.ts'
import { type MlflowContext, type Route, route } from './route.ts'
import { present } from './run-view.ts'
import { inTraceWords } from './trace-context.ts'
import { parseTraceFilter, parseTraceOrder } from './trace-filter.ts'
import { getTrace, traceStates, withoutLocations } from './traces.ts'
import { toTraceInfosV2 } from './trace-view.ts'
import { checkLimit } from './validation.ts'
import { choice, type Decoder, idText, integer, list, message, required, text } from './wire.ts'

const status: Decoder<NewTrace['state'] | undefined> = (value, path) =>
  value === 'TRACE_STATUS_UNSPECIFIED' ? 'STATE_UNSPECIFIED' : choice(traceStates)(value, path)

/** What the second version of the protocol says of traces, with which older clients begin them when they begin. */
export const traceRoutesV2: readonly Route[] = [
  route(
    'POST',
    'traces',
    message({ experiment_id: idText, timestamp_ms: integer, request_metadata: list(tag), tags: list(tag) }),
    (context, request) =>
      answer(context, () =>
        context.traces.put({
          id: randomUUID().replaceAll('-', ''),
          experimentId: required(request.experiment_id, 'experiment_id'),
          startedAtMs: request.timestamp_ms ?? context.clock.nowMs(),
          state: 'IN_PROGRESS',
          metadata: toMap(request.request_metadata, 'request_metadata'),
          tags: withoutLocations(toMap(request.tags, 'tags')),
        }),
      ),
  ),
  route(
    'PATCH',
    'traces/:request_id',
    message({ timestamp_ms: integer, status, request_metadata: list(tag), tags: list(tag) }),
    (context, request, { params }) =>
      answer(context, async () => {
        const known = await getTrace(context, params['request_id']!)
        return await context.traces.put({
          id: known.id,
          experimentId: known.experimentId,
          startedAtMs: known.startedAtMs,
          durationMs: (request.timestamp_ms ?? context.clock.nowMs()) - known.startedAtMs,
          state: request.status ?? 'STATE_UNSPECIFIED',
          metadata: toMap(request.request_metadata, 'request_metadata'),
          tags: withoutLocations(toMap(request.tags, 'tags')),
          ...(known.clientRequestId === null ? {} : { clientRequestId: known.clientRequestId }),
        })
      }),
  ),
  route('GET', 'traces/:request_id/info', message({}), (context, _, { params }) =>
    answer(context, () => getTrace(context, params['request_id']!)),
  ),
  route(
    'GET',
    'traces',
    message({ experiment_ids: list(idText), filter: text, max_results: integer, order_by: list(text), page_token: text }),
    (context, { experiment_ids, filter, max_results, order_by, page_token }) =>
      inTraceWords(async () => {
        const { traces, next } = await context.traces.search({
          experimentIds: required(experiment_ids, 'experiment_ids'),
          conditions: parseTraceFilter(filter ?? ''),
          sort: parseTraceOrder(order_by ?? []),
          limit: checkLimit(max_results ?? 100, 500),
          ...(page_token ? { cursor: page_token } : {}),
        })
        return { traces: present(await toTraceInfosV2(context, traces)), next_page_token: next ?? undefined }
      }),
  ),
]

const answer = (context: MlflowContext, handler: () => Promise<TraceRecord>): Promise<object> =>
  inTraceWords(async () => {
    const [info] = await toTraceInfosV2(context, [await handler()])
    return { trace_info: info }
  })

function toMap(entries: readonly { key?: string; value?: string }[] = [], path: string): Record<string, string> {
  const map: Record<string, string> = Object.create(null)
  for (const [at, { key, value }] of entries.entries()) map[required(key, `${path}[${at}].key`)] = value ?? ''
  return map
}
