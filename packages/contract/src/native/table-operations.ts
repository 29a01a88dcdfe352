import { type Static, Type } from 'typebox'
import { area, closed } from './operation.ts'
import { runScope } from './run-operations.ts'
import { count, integer, jsonValue, nullable, run, timeMs, wireNumber } from './schemas.ts'

const tables = area('Tables of runs')
const asked = { ...runScope, sort: Type.Optional(Type.String()) }
const columns = Type.Optional(
  Type.String({ description: 'Fields, separated by commas: metrics.accuracy, params.eta, labels.team' }),
)

const shown = run.properties
const row = Type.Object({
  number: integer({ description: 'A short key of the run that never changes.' }),
  id: shown.id,
  name: shown.name,
  project: shown.project,
  experiment: shown.experiment,
  kind: shown.kind,
  parentId: shown.parentId,
  iteration: shown.iteration,
  state: shown.state,
  stateReason: shown.stateReason,
  createdAtMs: shown.createdAtMs,
  startedAtMs: shown.startedAtMs,
  endedAtMs: shown.endedAtMs,
  updatedAtMs: shown.updatedAtMs,
  owner: shown.owner,
  host: shown.host,
  sweep: shown.sweep,
  nestedCount: shown.nestedCount,
  values: Type.Array(jsonValue, { description: 'In the order of the columns.' }),
})
const key = { scope: Type.Enum(['metrics', 'params', 'labels']), name: Type.String() }
const range = { min: nullable(wireNumber), max: nullable(wireNumber) }

const window = Type.Object({
  rows: Type.Array(row),
  total: count,
  newestNumber: Type.Integer({ minimum: 0, description: 'As in the pulse, at a moment before the rows were read.' }),
  change: Type.Integer({ minimum: 0, description: 'As in the pulse, at that moment.' }),
})

const group = Type.Object({
  value: jsonValue,
  name: nullable(Type.String({ description: "The sweep's name, in groups by parent." })),
  runCount: count,
  failed: count,
  running: count,
  newestAtMs: timeMs,
  owner: Type.String({ description: 'One of those whose runs they are.' }),
  ownerCount: count,
  metrics: Type.Array(nullable(Type.Object({ runCount: count, min: wireNumber, max: wireNumber, mean: wireNumber })), {
    description: 'By the last values, in the order asked for.',
  }),
})

/** The first rows of a table, and the pulse at a moment before they were read. */
export type TableWindow = Static<typeof window>
/** The runs of a table that have one value of a field in common. */
export type RunGroup = Static<typeof group>

/** What a table over very many runs asks for: a first window, the whole order as numbers, then the rows that come into view. */
export const tableOperations = {
  getTableWindow: tables({
    method: 'GET',
    path: '/table/window',
    summary: 'The first rows of a table of runs, and how many runs there are in it',
    query: closed({ ...asked, columns, limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000 })) }),
    answer: window,
  }),
  getTableOrder: tables({
    method: 'GET',
    path: '/table/order',
    summary: 'The numbers of all runs of a table, in order: a table over them stays as it is while new runs arrive',
    query: closed(asked),
    answer: Type.Object({ numbers: Type.Array(Type.Integer()) }),
  }),
  getTableRows: tables({
    method: 'POST',
    path: '/table/rows',
    isRead: true,
    summary: 'Rows by their numbers',
    body: closed({ numbers: Type.Array(integer({ minimum: 1 }), { maxItems: 1_000 }), columns }),
    answer: Type.Object({ rows: Type.Array(row) }),
  }),
  getTableKeys: tables({
    method: 'GET',
    path: '/table/keys',
    summary: 'Every metric, parameter and label there is, and what the newest 500 runs of a table hold of them',
    query: closed(asked),
    answer: Type.Object({
      sampled: count,
      facts: Type.Array(
        Type.Object({
          ...key,
          runCount: count,
          distinctCount: count,
          pointCount: Type.Integer({ description: 'The most points that one of the runs has of a metric; 0 for the others.' }),
          ...range,
        }),
      ),
      keys: Type.Array(Type.Object(key)),
      goals: Type.Array(Type.String(), {
        description: 'Metrics that the sweeps among those runs look for, the most frequent first.',
      }),
    }),
  }),
  getTableGroups: tables({
    method: 'GET',
    path: '/table/groups',
    summary: 'The runs of a table by the value of one field, with what each group holds of some metrics',
    query: closed({
      filter: asked.filter,
      project: asked.project,
      iterations: asked.iterations,
      by: Type.String({
        minLength: 1,
        description: 'A parameter, a label or an attribute: params.eta, labels.team, experiment, parent',
      }),
      metrics: Type.Optional(Type.String({ description: 'Fields, separated by commas: metrics.accuracy, metrics.loss' })),
    }),
    answer: Type.Object({
      total: Type.Integer({ description: 'How many groups there are; at most 500 are in the answer.' }),
      groups: Type.Array(group),
    }),
  }),
  getFieldValues: tables({
    method: 'GET',
    path: '/table/values',
    summary: 'Some of the values a field has, and the range of its numbers',
    query: closed({ field: Type.String({ minLength: 1 }), limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200 })) }),
    answer: Type.Object({ values: Type.Array(Type.String()), ...range }),
  }),
  getTableCounts: tables({
    method: 'GET',
    path: '/table/counts',
    summary: 'How many runs there are, run, failed lately, are sweeps',
    query: closed({ project: Type.Optional(Type.String()), failedSinceMs: Type.Optional(count) }),
    answer: Type.Object({ runs: count, running: count, failed: count, sweeps: count }),
  }),
  getPulse: tables({
    method: 'GET',
    path: '/pulse',
    summary: 'Whether anything has moved: cheap enough to be asked every second',
    answer: Type.Object({ atMs: timeMs, newestNumber: count, unfinished: count, change: count }),
  }),
}
