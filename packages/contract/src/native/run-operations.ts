import { Type } from 'typebox'
import { NotificationSchema } from '../task.ts'
import { area, bytes, closed } from './operation.ts'
import {
  batch,
  comparison,
  count,
  dataset,
  jsonValue,
  notification,
  notificationDelivery,
  run,
  runAlone,
  runId,
  runPage,
  runState,
  stateChange,
  textChanges,
  timeSince1970,
} from './schemas.ts'

const runs = area('Runs')

export const limit = Type.Optional(
  Type.Integer({ minimum: 1, maximum: 1_000, description: 'Most entries of a page, usually 100.' }),
)
export const cursor = Type.Optional(Type.String({ maxLength: 4_096, description: '`next` of the answer before.' }))
/** Long enough for a filter of thousands of ids; what a parser reads of it is bounded too. */
export const filterText = Type.String({
  maxLength: 100_000,
  description: "For example: metrics.accuracy > 0.9 and state = 'completed'",
})
/** Which runs are asked for. */
export const runScope = {
  filter: Type.Optional(filterText),
  project: Type.Optional(Type.String()),
  iterations: Type.Optional(
    Type.Boolean({
      description:
        'Runs below others too: iterations of sweeps, nested runs. A filter that names their `parent` finds them anyway.',
    }),
  ),
  trashed: Type.Optional(Type.Boolean({ description: 'Only runs in the trash.' })),
}
const ids = Type.Array(runId, { minItems: 1, maxItems: 10_000 })
/** Runs named one by one, or all that a filter finds. */
const selection = {
  runs: Type.Optional(ids),
  filter: Type.Optional(filterText),
  project: Type.Optional(Type.String({ description: 'Only with `filter`.' })),
}
export const changed = Type.Object({ runs: Type.Array(runId, { description: 'Those that were meant.' }) })

export const runOperations = {
  searchRuns: runs({
    method: 'GET',
    path: '/runs',
    summary: 'Runs that a filter finds, newest first unless sorted, page by page',
    query: closed({
      ...runScope,
      sort: Type.Optional(Type.String({ maxLength: 4_096, description: 'For example: metrics.accuracy desc' })),
      limit,
      cursor,
    }),
    answer: runPage,
  }),
  countRuns: runs({
    method: 'GET',
    path: '/runs/count',
    summary: 'How many runs a filter finds',
    query: closed(runScope),
    answer: Type.Object({ count }),
  }),
  resolveRun: runs({
    method: 'GET',
    path: '/runs/resolve',
    summary: 'The run that a text means: an id, the start of one, a name, `latest`, `sweep/3`',
    query: closed({
      text: Type.String({ minLength: 1, maxLength: 1_000 }),
      project: Type.Optional(Type.String()),
      trashed: Type.Optional(Type.Boolean()),
    }),
    answer: run,
  }),
  getRuns: runs({
    method: 'POST',
    path: '/runs/get',
    isRead: true,
    summary: 'Many runs by id, in that order; one that is missing refuses all',
    body: closed({ runs: Type.Array(runId, { maxItems: 1_000 }) }),
    answer: Type.Object({ runs: Type.Array(run) }),
  }),
  getRun: runs({ method: 'GET', path: '/runs/{run}', summary: 'One run, by id', answer: runAlone }),
  reportRun: runs({
    method: 'PATCH',
    path: '/runs/{run}',
    summary: 'Rename a run, set its note; say how one goes that no supervisor of ours watches: its state',
    body: closed({
      name: Type.Optional(Type.String()),
      note: Type.Optional(Type.Union([Type.String(), Type.Null()], { description: 'Text, as Markdown; null removes it.' })),
      state: Type.Optional(runState),
      endedAtMs: Type.Optional(timeSince1970()),
    }),
    answer: run,
  }),
  logToRun: runs({
    method: 'POST',
    path: '/runs/{run}/log',
    summary: 'Add points, parameters and labels: all of them or none. A repeat changes nothing',
    body: batch,
  }),
  labelRuns: runs({
    method: 'POST',
    path: '/runs/label',
    summary: 'Labels of many runs at once: all of them or none',
    body: closed({ ...selection, labels: textChanges }),
    answer: changed,
  }),
  abortRuns: runs({
    method: 'POST',
    path: '/runs/abort',
    summary: 'Stop running work, and wait until it has stopped',
    body: closed({
      runs: Type.Array(runId, { minItems: 1, maxItems: 100 }),
      reason: Type.Optional(Type.String({ maxLength: 4_096, description: 'Kept on the record.' })),
      force: Type.Optional(Type.Boolean({ description: 'Kill at once instead of asking first.' })),
    }),
    answer: Type.Object({ runs: Type.Array(run) }),
  }),
  trashRuns: runs({
    method: 'POST',
    path: '/runs/trash',
    summary: 'Put runs into the trash, with their iterations. Running ones are refused',
    body: closed(selection),
    answer: changed,
  }),
  restoreRuns: runs({
    method: 'POST',
    path: '/runs/restore',
    summary: 'Take runs back out of the trash, with their iterations',
    body: closed(selection),
    answer: changed,
  }),
  compareRuns: runs({
    method: 'POST',
    path: '/runs/compare',
    isRead: true,
    summary: 'What is the same and what differs between runs; a sweep stands with the parameters of its best iteration',
    body: closed({ runs: Type.Array(runId, { minItems: 2, maxItems: 100 }) }),
    answer: comparison,
  }),
  exportRuns: runs({
    method: 'POST',
    path: '/runs/export',
    isRead: true,
    summary: 'Runs as one file: records, metrics, output and the bytes of their artifacts',
    body: closed({ runs: Type.Array(runId, { minItems: 1, maxItems: 1_000 }) }),
    answer: bytes,
    answerBytes: 'bytes',
  }),
  importRuns: runs({
    method: 'POST',
    path: '/runs/import',
    summary: 'Take in a file that export wrote. Runs that are here already are left alone',
    bodyBytes: 'bytes',
    answer: Type.Object({ imported: Type.Array(Type.String()), skipped: Type.Array(Type.String()) }),
  }),
  getRunCode: runs({
    method: 'GET',
    path: '/runs/{run}/code',
    summary: 'The text of what ran, as it was then, and of its changes that were not committed',
    answer: Type.Object({
      script: Type.Union([Type.String(), Type.Null()], {
        description: 'Null when it was not kept: larger than 1 MiB, or unknown.',
      }),
      changes: Type.Union([Type.String(), Type.Null()], { description: 'What `git diff HEAD` said; null when there were none.' }),
    }),
  }),
  getRunStates: runs({
    method: 'GET',
    path: '/runs/{run}/states',
    summary: 'Every state the run has been in',
    answer: Type.Object({ states: Type.Array(stateChange) }),
  }),
  getIterations: runs({
    method: 'GET',
    path: '/runs/{run}/iterations',
    summary: 'The iterations of a sweep, in order',
    answer: Type.Object({ runs: Type.Array(run) }),
  }),
  getSweep: runs({
    method: 'GET',
    path: '/runs/{run}/sweep',
    summary: 'A sweep as a table of its iterations and as parallel coordinates',
    query: closed({
      selector: Type.Optional(Type.String({ maxLength: 1_000, description: 'max.accuracy, min.loss; else that of the sweep.' })),
    }),
    answer: Type.Object({
      columns: Type.Array(Type.Object({ name: Type.String(), source: Type.Enum(['parameter', 'result']) })),
      rows: Type.Array(
        Type.Object({
          id: runId,
          iteration: count,
          state: runState,
          best: Type.Boolean(),
          values: Type.Array(jsonValue),
        }),
      ),
      axes: Type.Array(
        Type.Unknown({ description: 'name, source, kind; numeric ones low, high, logarithmic; others categories.' }),
      ),
      lines: Type.Array(
        Type.Object({
          id: runId,
          iteration: count,
          state: runState,
          best: Type.Boolean(),
          value: Type.Union([Type.Number(), Type.Null()]),
          positions: Type.Array(Type.Union([Type.Number(), Type.Null()])),
        }),
      ),
    }),
  }),
  getNotifications: runs({
    method: 'GET',
    path: '/runs/{run}/notifications',
    summary: 'Who is told when a run ends, and what came of it',
    answer: Type.Object({ notifications: Type.Array(notification), deliveries: Type.Array(notificationDelivery) }),
  }),
  setNotifications: runs({
    method: 'PUT',
    path: '/runs/{run}/notifications',
    summary: 'Say who is told when a run ends, in place of those it has; due at once where it has ended',
    body: closed({ notifications: Type.Array(NotificationSchema, { maxItems: 50 }) }),
    answer: Type.Object({ notifications: Type.Array(notification) }),
  }),
  getDatasets: runs({
    method: 'GET',
    path: '/runs/{run}/datasets',
    summary: 'The data sets a run read',
    answer: Type.Object({ datasets: Type.Array(dataset) }),
  }),
  addDatasets: runs({
    method: 'POST',
    path: '/runs/{run}/datasets',
    summary: 'Say which data sets a run read. A repeat changes nothing',
    body: closed({ datasets: Type.Array(dataset, { minItems: 1, maxItems: 1_000 }) }),
  }),
}
