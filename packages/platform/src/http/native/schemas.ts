import { runStates } from '@trainyard/contract'
import { type TProperties, Type } from 'typebox'

/** Objects refuse fields they do not know: a misspelt name must not be passed over. */
export const closed = <Properties extends TProperties>(properties: Properties) =>
  Type.Object(properties, { additionalProperties: false })

/** JSON has no NaN and no infinities; they are written as these texts. */
export const wireNumber = Type.Union([Type.Number(), Type.Literal('NaN'), Type.Literal('Infinity'), Type.Literal('-Infinity')])
export const jsonValue = Type.Unknown({ description: 'Any JSON value.' })
export const runState = Type.Union(runStates.map((state) => Type.Literal(state)))
const nullable = <Schema extends Parameters<typeof Type.Union>[0][number]>(schema: Schema) => Type.Union([schema, Type.Null()])
const timeMs = Type.Integer({ description: 'Milliseconds since 1970, UTC.' })

export const run = Type.Object(
  {
    id: Type.String({ pattern: '^[0-9a-f]{32}$' }),
    name: Type.String(),
    project: Type.String(),
    experiment: Type.String(),
    kind: Type.Union([Type.Literal('run'), Type.Literal('sweep'), Type.Literal('iteration')]),
    parentId: nullable(Type.String()),
    iteration: Type.Integer(),
    state: runState,
    stateReason: nullable(Type.String()),
    createdAtMs: timeMs,
    startedAtMs: nullable(timeMs),
    endedAtMs: nullable(timeMs),
    owner: Type.String(),
    host: Type.String(),
    parameters: Type.Record(Type.String(), jsonValue),
    results: Type.Record(Type.String(), jsonValue, { description: 'The latest value of every metric and every other result.' }),
    labels: Type.Record(Type.String(), Type.String()),
    problems: Type.Array(Type.String()),
    trashedAtMs: nullable(timeMs),
  },
  { description: 'A run. There are more fields than these; they may change.' },
)

export const point = closed({ key: Type.String(), step: Type.Integer(), timeMs, value: wireNumber })
export const runPage = Type.Object({ runs: Type.Array(run), next: nullable(Type.String()) })
export const stateChange = Type.Object({ state: runState, atMs: timeMs, reason: nullable(Type.String()) })

export const series = Type.Object({
  key: Type.String(),
  pointCount: Type.Integer(),
  last: Type.Object({ step: Type.Integer(), timeMs, value: wireNumber }),
  min: nullable(wireNumber),
  max: nullable(wireNumber),
})

export const artifact = Type.Object({
  id: Type.String(),
  key: Type.String(),
  kind: Type.String(),
  target: Type.String(),
  sizeBytes: nullable(Type.Integer()),
  sha256: nullable(Type.String()),
})

export const experiment = Type.Object({
  id: Type.String(),
  project: Type.String(),
  name: Type.String(),
  createdAtMs: timeMs,
  trashedAtMs: nullable(timeMs),
  tags: Type.Record(Type.String(), Type.String()),
})

export const problem = Type.Object({
  error: Type.Object({ code: Type.String(), message: Type.String(), details: Type.Record(Type.String(), jsonValue) }),
})
