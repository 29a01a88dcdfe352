import { type Static, Type } from 'typebox'
import { area, closed } from './operation.ts'
import { cursor, limit } from './run-operations.ts'
import { count, jsonValue, next, nullable, texts, timeMs } from './schemas.ts'

const traces = area('Traces')

const traceState = Type.Enum(['STATE_UNSPECIFIED', 'IN_PROGRESS', 'OK', 'ERROR'])
const assessment = Type.Object({
  id: Type.String(),
  kind: Type.Enum(['feedback', 'expectation', 'issue']),
  name: Type.String(),
  source: Type.Object({ type: Type.String(), id: Type.String() }),
  value: jsonValue,
  error: jsonValue,
  rationale: nullable(Type.String()),
  spanId: nullable(Type.String()),
  isValid: Type.Boolean({ description: 'False where another one stands instead of it.' }),
  createdAtMs: timeMs,
})
const trace = Type.Object({
  id: Type.String(),
  project: Type.String(),
  experimentId: Type.String(),
  runId: nullable(Type.String({ description: 'The run it was made in.' })),
  name: nullable(Type.String()),
  state: traceState,
  startedAtMs: timeMs,
  durationMs: nullable(count),
  requestPreview: nullable(Type.String()),
  responsePreview: nullable(Type.String()),
  tags: texts,
  metadata: texts,
  spanCount: count,
  assessments: Type.Array(assessment),
})

const values = Type.Record(Type.String(), jsonValue, { description: 'Integers that are no safe numbers are texts.' })
const sinceStartMs = Type.Number({ description: 'Milliseconds since the first span started, with fractions.' })
const span = Type.Object({
  id: Type.String(),
  parentId: nullable(Type.String()),
  name: Type.String(),
  type: nullable(Type.String()),
  startMs: sinceStartMs,
  endMs: nullable(sinceStartMs),
  status: Type.Object({ code: Type.Enum(['UNSET', 'OK', 'ERROR']), message: Type.String() }),
  attributes: values,
  events: Type.Array(Type.Object({ name: Type.String(), atMs: sinceStartMs, attributes: values })),
  links: Type.Array(Type.Object({ traceId: Type.String(), spanId: Type.String(), attributes: values })),
})

/** A trace as it is listed, what was said of it, and one of its spans. */
export type Trace = Static<typeof trace>
export type Assessment = Static<typeof assessment>
export type Span = Static<typeof span>

export const traceOperations = {
  searchTraces: traces({
    method: 'GET',
    path: '/traces',
    summary: 'Traces of MLflow and OpenTelemetry clients, newest first, page by page',
    query: closed({
      project: Type.Optional(Type.String()),
      experiment: Type.Optional(Type.String({ description: 'Id of an experiment.' })),
      run: Type.Optional(Type.String({ description: 'Made in this run, or linked to it.' })),
      session: Type.Optional(Type.String()),
      state: Type.Optional(traceState),
      text: Type.Optional(
        Type.String({
          maxLength: 1_000,
          description: 'Part of the name, attributes, inputs or outputs of a span, whatever the case.',
        }),
      ),
      minDurationMs: Type.Optional(count),
      sort: Type.Optional(Type.Enum(['newest', 'slowest'])),
      limit,
      cursor,
    }),
    answer: Type.Object({ traces: Type.Array(trace), next }),
  }),
  getTrace: traces({
    method: 'GET',
    path: '/traces/{trace}',
    summary: 'One trace with its spans, in order of their start',
    answer: Type.Object({ trace, spans: Type.Array(span) }),
  }),
}
