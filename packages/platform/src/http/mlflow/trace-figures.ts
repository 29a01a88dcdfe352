import type { TraceAggregation, TraceCondition, TraceDimension, TraceFigureFilter, TraceMeasure } from '../../traces/index.ts'
import { invalid } from './errors.ts'
import { readClauses, textOf } from './filter-reader.ts'
import { type Route, route } from './route.ts'
import { present } from './run-view.ts'
import { correlation } from './trace-correlation.ts'
import { parseTraceFilter } from './trace-filter.ts'
import { checkLimit } from './validation.ts'
import { choice, double, idText, integer, list, message, required, text } from './wire.ts'

const views = { TRACES: 1, SPANS: 2, ASSESSMENTS: 3 } as const
type View = keyof typeof views
const aggregationTypes = { COUNT: 1, SUM: 2, AVG: 3, PERCENTILE: 4, MIN: 5, MAX: 6 } as const
type AggregationType = keyof typeof aggregationTypes
const aggregation = message({ aggregation_type: choice(aggregationTypes), percentile_value: double })
const mostFigures = 50_000
const longestIntervalSeconds = 3_200_000_000

interface Metric {
  measure: TraceMeasure
  aggregations: readonly AggregationType[]
  dimensions: readonly string[]
}

const measured = ['AVG', 'MIN', 'MAX', 'PERCENTILE'] as const
const summed = ['SUM', ...measured] as const
const tokens = (kind: string): Metric => ({
  measure: { of: 'traces', name: 'tokens', kind },
  aggregations: summed,
  dimensions: ['trace_name'],
})
const cost = (kind: string): Metric => ({
  measure: { of: 'spans', name: 'cost', kind },
  aggregations: summed,
  dimensions: ['span_model_name', 'span_model_provider'],
})

const metrics: Record<View, Record<string, Metric>> = {
  TRACES: {
    trace_count: {
      measure: { of: 'traces', name: 'count' },
      aggregations: ['COUNT'],
      dimensions: ['trace_name', 'trace_status'],
    },
    session_count: { measure: { of: 'traces', name: 'sessions' }, aggregations: ['COUNT'], dimensions: [] },
    latency: { measure: { of: 'traces', name: 'duration' }, aggregations: measured, dimensions: ['trace_name'] },
    input_tokens: tokens('input_tokens'),
    output_tokens: tokens('output_tokens'),
    total_tokens: tokens('total_tokens'),
    cache_read_input_tokens: tokens('cache_read_input_tokens'),
    cache_creation_input_tokens: tokens('cache_creation_input_tokens'),
  },
  SPANS: {
    span_count: {
      measure: { of: 'spans', name: 'count' },
      aggregations: ['COUNT'],
      dimensions: ['span_name', 'span_type', 'span_status', 'span_model_name', 'span_model_provider'],
    },
    latency: { measure: { of: 'spans', name: 'duration' }, aggregations: measured, dimensions: ['span_name', 'span_status'] },
    input_cost: cost('input_cost'),
    output_cost: cost('output_cost'),
    total_cost: cost('total_cost'),
  },
  ASSESSMENTS: {
    assessment_count: {
      measure: { of: 'assessments', name: 'count' },
      aggregations: ['COUNT'],
      dimensions: ['assessment_name', 'assessment_value'],
    },
    assessment_value: {
      measure: { of: 'assessments', name: 'value' },
      aggregations: measured,
      dimensions: ['assessment_name'],
    },
  },
}

const dimensionNames: Record<string, TraceDimension> = {
  trace_name: 'name',
  trace_status: 'state',
  span_name: 'name',
  span_type: 'type',
  span_status: 'state',
  span_model_name: 'model',
  span_model_provider: 'provider',
  assessment_name: 'name',
  assessment_value: 'value',
}

/** Figures over many traces: what the pages of a dashboard show. */
export const traceFigureRoutes: readonly Route[] = [
  route(
    'POST',
    'traces/metrics',
    message({
      experiment_ids: list(idText),
      view_type: choice(views),
      metric_name: text,
      aggregations: list(aggregation),
      dimensions: list(text),
      filters: list(text),
      time_interval_seconds: integer,
      start_time_ms: integer,
      end_time_ms: integer,
      max_results: integer,
      page_token: text,
    }),
    async ({ traces }, request) => {
      const view = required(request.view_type, 'view_type')
      const name = required(request.metric_name, 'metric_name')
      const written = required(request.aggregations, 'aggregations')
      const wanted = written.map(({ aggregation_type, percentile_value }, at) => ({
        type: required(aggregation_type, `aggregations[${at}].aggregation_type`),
        percent: percentile_value,
      }))
      const metric = metricOf(view, name)
      const dimensions = request.dimensions ?? []
      refuseOthers('aggregation_type', [...new Set(wanted.map(({ type }) => type))], metric.aggregations, 'aggregation types')
      refuseOthers('dimension', dimensions, metric.dimensions, 'dimensions')
      const { start_time_ms: sinceMs, end_time_ms: untilMs } = request
      const intervalMs = intervalOf(request)
      const figures = await traces.figures({
        experimentIds: required(request.experiment_ids, 'experiment_ids'),
        measure: metric.measure,
        aggregations: wanted.map(toAggregation),
        dimensions: dimensions.map((each) => dimensionNames[each]!),
        filters: (request.filters ?? []).map((filter) => toFilter(filter, view)),
        limit: checkLimit(request.max_results || 1_000, mostFigures),
        ...(sinceMs === undefined ? {} : { sinceMs }),
        ...(untilMs === undefined ? {} : { untilMs }),
        ...(intervalMs === undefined ? {} : { intervalMs }),
      })
      const points = figures.map((figure) => ({
        metric_name: name,
        dimensions: {
          ...(figure.atMs === null ? {} : { time_bucket: new Date(figure.atMs).toISOString().replace('.000Z', '+00:00') }),
          ...Object.fromEntries(dimensions.map((each, at) => [each, dimensionText(each, figure.dimensions[at]!)])),
        },
        values: Object.fromEntries(
          wanted.flatMap((each, at) => {
            const value = figure.values[at]
            return value == null ? [] : [[labelOf(each), value]]
          }),
        ),
      }))
      return { data_points: present(points.filter(({ values }) => Object.keys(values).length > 0)) }
    },
    '3.0',
  ),
  route(
    'POST',
    'traces/calculate-filter-correlation',
    message({ experiment_ids: list(idText), filter_string1: text, filter_string2: text, base_filter: text }),
    async ({ traces }, request) => {
      const overlap = await traces.countOverlap({
        experimentIds: required(request.experiment_ids, 'experiment_ids'),
        ...bothFilters(request),
      })
      const { plain, smoothed } = correlation(overlap)
      return {
        npmi: Number.isNaN(plain) ? 'NaN' : plain,
        npmi_smoothed: Number.isNaN(smoothed) ? 'NaN' : smoothed,
        filter1_count: overlap.first,
        filter2_count: overlap.second,
        joint_count: overlap.both,
        total_count: overlap.total,
      }
    },
    '3.0',
  ),
]

const bothFilters = (request: {
  filter_string1?: string
  filter_string2?: string
  base_filter?: string
}): { first: TraceCondition[]; second: TraceCondition[]; base: TraceCondition[] } => {
  const base = parseTraceFilter(request.base_filter ?? '')
  // Together with the base, so that what both ask of a span must hold for one and the same.
  return {
    first: [...base, ...parseTraceFilter(required(request.filter_string1, 'filter_string1'))],
    second: [...base, ...parseTraceFilter(required(request.filter_string2, 'filter_string2'))],
    base,
  }
}

function metricOf(view: View, name: string): Metric {
  const known = metrics[view]
  if (Object.hasOwn(known, name)) return known[name]!
  throw invalid(`metric_name must be one of ${quoted(Object.keys(known))}, got '${name}'`)
}

function refuseOthers(what: string, given: readonly string[], known: readonly string[], plural: string): void {
  const wrong = given.filter((each) => !known.includes(each))
  if (wrong.length > 0)
    throw invalid(`Found invalid ${what}(s): ${quoted(wrong.toSorted())}. Supported ${plural}: ${quoted(known.toSorted())}`)
}

const quoted = (names: readonly string[]): string => `[${names.map((name) => `'${name}'`).join(', ')}]`

function intervalOf(request: {
  time_interval_seconds?: number
  start_time_ms?: number
  end_time_ms?: number
}): number | undefined {
  const { time_interval_seconds: seconds, start_time_ms, end_time_ms } = request
  if (!seconds) return undefined
  if (start_time_ms === undefined || end_time_ms === undefined)
    throw invalid('start_time_ms and end_time_ms are required if time_interval_seconds is set')
  if (seconds < 0 || seconds > longestIntervalSeconds)
    throw invalid(`time_interval_seconds must be between 1 and ${longestIntervalSeconds}, got ${seconds}`)
  return seconds * 1_000
}

function toAggregation({ type, percent }: { type: AggregationType; percent: number | undefined }): TraceAggregation {
  if (type === 'PERCENTILE') {
    if (percent === undefined) throw invalid('Percentile value is required for PERCENTILE aggregation')
    if (!(percent >= 0 && percent <= 100)) throw invalid(`Percentile value must be between 0 and 100, got ${percent}`)
    return { percentile: percent }
  }
  if (percent !== undefined) throw invalid(`Percentile value is only allowed for PERCENTILE aggregation type, got ${type}`)
  return ({ COUNT: 'count', SUM: 'sum', AVG: 'mean', MIN: 'smallest', MAX: 'largest' } as const)[type]
}

/** Numbers that somebody has judged with are doubles. */
const dimensionText = (dimension: string, value: string): string =>
  dimension === 'assessment_value' && /^-?\d+$/.test(value) ? `${value}.0` : value

/** As clients look for it: a percentile with its decimals. */
const labelOf = ({ type, percent = 0 }: { type: AggregationType; percent: number | undefined }): string =>
  type === 'PERCENTILE' ? `P${Number.isInteger(percent) ? percent.toFixed(1) : percent}` : type

function toFilter(filter: string, view: View): TraceFigureFilter {
  const [clause, ...more] = readClauses(filter)
  if (clause === undefined || more.length > 0) throw invalid(`Invalid filter: '${filter}'. Expected one filter clause.`)
  if (clause.comparator !== '=') throw invalid(`Invalid comparator: '${clause.comparator}', only '=' operator is supported`)
  const { entity, key } = clause.identifier
  const value = textOf(clause, key)
  if (entity === 'trace') return { on: 'trace', condition: traceCondition(key, value) }
  if (entity === 'span' && (key === 'name' || key === 'status' || key === 'type')) {
    if (view !== 'SPANS') throw invalid(`Filtering by span is only supported for SPANS view type, got ${view}`)
    return { on: 'span', field: key, value }
  }
  if (entity === 'assessment' && (key === 'name' || key === 'type')) {
    if (view !== 'ASSESSMENTS') throw invalid(`Filtering by assessment is only supported for ASSESSMENTS view type, got ${view}`)
    return { on: 'assessment', field: key === 'type' ? 'kind' : 'name', value }
  }
  throw invalid(
    `Invalid identifier '${entity === undefined ? key : `${entity}.${key}`}'. Columns should be specified as 'trace.<key>', 'span.<key>', 'assessment.<key>'.`,
  )
}

function traceCondition(key: string, value: string): TraceCondition {
  if (key === 'status') return { field: { scope: 'attribute', name: 'state' }, operator: '=', values: [value] }
  const [, scope, name] = /^(tag|metadata)\.([^]+)$/.exec(key) ?? []
  if (scope === undefined || name === undefined)
    throw invalid(
      `Invalid entity '${key}' specified for view type 'trace'. Valid entities are ['status', 'tag.<key>', 'metadata.<key>']`,
    )
  if (name === 'mlflow.sourceRun') return { field: { scope: 'run' }, operator: '=', values: [value] }
  return { field: { scope: scope === 'tag' ? 'tag' : 'metadata', name }, operator: '=', values: [value] }
}
