import { Type } from 'typebox'
import { area, bytes, closed } from './operation.ts'
import { count, integer, namedPoint, point, runId, series } from './schemas.ts'

const metrics = area('Metrics and output')
const step = Type.Optional(integer())
const waitMs = Type.Optional(
  Type.Integer({ minimum: 0, maximum: 30_000, description: 'When there is nothing new, wait this long for it.' }),
)

const manySeries = {
  runs: Type.Array(runId, { minItems: 1, maxItems: 1_000 }),
  keys: Type.Array(Type.String(), { minItems: 1, maxItems: 100 }),
  fromStep: step,
  toStep: step,
  maxPoints: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000, description: 'Of each series, usually 500.' })),
}

export const metricOperations = {
  getMetrics: metrics({
    method: 'GET',
    path: '/runs/{run}/metrics',
    summary: 'The metrics of a run with their latest points',
    answer: Type.Object({ metrics: Type.Array(series) }),
  }),
  getPoints: metrics({
    method: 'GET',
    path: '/runs/{run}/points',
    summary: 'Points of one metric in order of step: all, or with maxPoints a shape that keeps every spike',
    query: closed({
      key: Type.String(),
      fromStep: step,
      toStep: step,
      maxPoints: Type.Optional(Type.Integer({ minimum: 1, maximum: 100_000 })),
    }),
    answer: Type.Object({ points: Type.Array(point) }),
  }),
  getPointsOfRuns: metrics({
    method: 'POST',
    path: '/points',
    isRead: true,
    summary: 'Down-sampled points of some metrics of many runs at once',
    body: closed(manySeries),
    answer: Type.Object({
      series: Type.Array(Type.Object({ run: runId, key: Type.String(), points: Type.Array(point) }), {
        description: 'Those that have points, in order of the runs, then of the keys.',
      }),
    }),
  }),
  getColumnsOfRuns: metrics({
    method: 'POST',
    path: '/points/columns',
    isRead: true,
    summary: 'The same as lists of steps, times and values: half as long, and read in a third of the time',
    body: closed(manySeries),
    answer: Type.Object({
      series: Type.Array(
        Type.Object({
          run: runId,
          key: Type.String(),
          steps: Type.Array(integer()),
          timesMs: Type.Array(integer()),
          values: Type.Array(point.properties.value),
        }),
        { description: 'Those that have points, in order of the runs, then of the keys.' },
      ),
    }),
  }),
  followPoints: metrics({
    method: 'POST',
    path: '/runs/{run}/points/follow',
    isRead: true,
    summary: 'Points in the order they arrived, from where the answer before left off',
    body: closed({
      keys: Type.Optional(Type.Array(Type.String(), { maxItems: 100, description: 'Without it all metrics.' })),
      seen: Type.Optional(
        Type.Record(Type.String(), count, {
          description: 'How many points of each metric are known: `seen` of the answer before.',
        }),
      ),
      limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100_000, description: 'Usually 10,000.' })),
      waitMs,
    }),
    answer: Type.Object({
      points: Type.Array(namedPoint),
      seen: Type.Record(Type.String(), count),
      ended: Type.Boolean({ description: 'The run has ended and there is nothing more.' }),
    }),
  }),
  getOutput: metrics({
    method: 'GET',
    path: '/runs/{run}/output',
    summary: 'A piece of what the run printed, from a byte on; ask again from `next`',
    query: closed({
      offset: Type.Optional(count),
      limitBytes: Type.Optional(Type.Integer({ minimum: 1, maximum: 4_194_304 })),
      waitMs,
    }),
    answer: Type.Object({ text: Type.String(), next: count, sizeBytes: count, ended: Type.Boolean() }),
  }),
  searchOutput: metrics({
    method: 'GET',
    path: '/runs/{run}/output/search',
    summary:
      'Lines of what the run printed that hold a text, whatever the case and the colours; ask again from `next` until `ended`',
    query: closed({
      text: Type.String({ minLength: 1, maxLength: 1_000 }),
      offset: Type.Optional(integer({ minimum: 0, description: 'Where a line starts.' })),
      limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000 })),
    }),
    answer: Type.Object({
      hits: Type.Array(Type.Object({ offset: count, text: Type.String({ description: 'The beginning of the line.' }) })),
      next: count,
      ended: Type.Boolean({ description: 'All that is there by now has been looked at.' }),
    }),
  }),
  getOutputBytes: metrics({
    method: 'GET',
    path: '/runs/{run}/output/bytes',
    summary: 'What the run printed, byte by byte; takes a Range header',
    answer: bytes,
    answerBytes: 'text',
  }),
}
