import { AppError, type JsonObject, type JsonValue } from '@trainyard/contract'
import { readExactJson } from '../../base/exact-json.ts'
import type { SpanRecord, SpanValue, SpanValues, TraceCondition, TraceRecord } from '../../traces/index.ts'
import type { CallOf, SomeHandlers } from './bound-operation.ts'
import type { NativeContext } from './context.ts'

const usualLimit = 100
const experimentsOfPage = 1_000

export const traceHandlers: SomeHandlers<'searchTraces' | 'getTrace'> = {
  searchTraces: async (context, { query }) => {
    const { sort = 'newest', limit = usualLimit, cursor } = query
    const name = sort === 'slowest' ? 'duration' : 'started'
    const { traces, next } = await context.traces.search({
      experimentIds: await experimentsOf(context, query),
      conditions: conditionsOf(query),
      sort: [{ field: { scope: 'attribute', name }, direction: 'descending' }],
      limit,
      ...(cursor === undefined ? {} : { cursor }),
    })
    return { traces: traces.map(toTrace), next }
  },
  getTrace: async ({ traces }, { path }) => {
    const found = await traces.find(path.trace)
    if (!found) throw new AppError('not_found', `There is no trace ${path.trace}.`, { details: { traceId: path.trace } })
    const spans = (await traces.spansOf([found.id])).get(found.id) ?? []
    return { trace: toTrace(found), spans: toSpans(spans) }
  },
}

type Query = CallOf<'searchTraces'>['query']

/** Those of the project, or all there are; of experiments in the trash nothing is shown. */
async function experimentsOf({ tracking }: NativeContext, { experiment, project }: Query): Promise<string[]> {
  if (experiment !== undefined) return [experiment]
  const ids: string[] = []
  const projects = project === undefined ? (await tracking.projects.list()).map(({ name }) => name) : [project]
  for (const name of projects) {
    let cursor: string | null = null
    do {
      const page: Awaited<ReturnType<typeof tracking.experiments.search>> = await tracking.experiments.search({
        project: name,
        limit: experimentsOfPage,
        ...(cursor === null ? {} : { cursor }),
      })
      ids.push(...page.experiments.map(({ id }) => id))
      cursor = page.next
    } while (cursor !== null)
  }
  return ids
}

function conditionsOf({ run, session, state, text = '', minDurationMs }: Query): TraceCondition[] {
  const conditions: TraceCondition[] = []
  const add = (field: TraceCondition['field'], operator: TraceCondition['operator'], value: string | number): void =>
    void conditions.push({ field, operator, values: [value] })
  if (run !== undefined) add({ scope: 'run' }, '=', run)
  if (session !== undefined) add({ scope: 'metadata', name: 'mlflow.trace.session' }, '=', session)
  if (state !== undefined) add({ scope: 'attribute', name: 'state' }, '=', state)
  if (minDurationMs !== undefined) add({ scope: 'attribute', name: 'duration' }, '>=', minDurationMs)
  if (text.trim() !== '')
    add({ scope: 'span', name: 'content' }, 'ilike', `%${text.trim().replaceAll(/[\\%_]/g, String.raw`\$&`)}%`)
  return conditions
}

const toTrace = ({ clientRequestId: _request, ...trace }: TraceRecord) => ({
  ...trace,
  runId: trace.metadata['mlflow.sourceRun'] ?? null,
  name: trace.tags['mlflow.traceName'] ?? null,
})

function toSpans(spans: readonly SpanRecord[]) {
  const originNs = spans.reduce(
    (least, { startedAtNs }) => (startedAtNs < least ? startedAtNs : least),
    spans[0]?.startedAtNs ?? 0n,
  )
  const sinceStart = (ns: bigint): number => Number(ns - originNs) / 1e6
  return spans.map((span) => ({
    id: span.id,
    parentId: span.parentId,
    name: span.name,
    type: typeOf(span),
    startMs: sinceStart(span.startedAtNs),
    endMs: span.endedAtNs === null ? null : sinceStart(span.endedAtNs),
    status: span.status,
    attributes: toObject(span.attributes),
    events: span.events.map(({ name, atNs, attributes }) => ({
      name,
      atMs: sinceStart(atNs),
      attributes: toObject(attributes),
    })),
    links: span.links.map(({ attributes, ...link }) => ({ ...link, attributes: toObject(attributes) })),
  }))
}

function typeOf({ attributes }: SpanRecord): string | null {
  const type = toObject({ 'mlflow.spanType': attributes['mlflow.spanType'] ?? null })['mlflow.spanType']
  return typeof type === 'string' ? type : null
}

const toObject = (values: SpanValues): JsonObject =>
  Object.fromEntries(
    Object.entries(values).map(([key, value]) => [key, toJsonValue(key.startsWith('mlflow.') ? decoded(value) : value)]),
  )

/** MLflow's own attributes come as JSON in texts from exporters that know only OpenTelemetry's types. */
function decoded(value: SpanValue): SpanValue {
  if (typeof value !== 'string' || !/^[{["]/.test(value)) return value
  try {
    return readExactJson(value)
  } catch {
    // A text that only looks like it.
    return value
  }
}

/** Integers that a number of JavaScript does not hold exactly are texts. */
function toJsonValue(value: SpanValue): JsonValue {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
  if (typeof value !== 'object' || value === null) return value
  return isList(value) ? value.map(toJsonValue) : toObject(value)
}

const isList = (value: SpanValue): value is readonly SpanValue[] => Array.isArray(value)
