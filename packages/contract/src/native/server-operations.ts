import { Type } from 'typebox'
import { filterText } from './run-operations.ts'
import { area, bytes, closed } from './operation.ts'
import { count, nullable, runId } from './schemas.ts'

const server = area('Server')

export const serverOperations = {
  getFigures: server({
    method: 'GET',
    path: '/figures',
    summary: 'How the server is: version, sizes, counts, and with `check` whether the database is sound (it reads all of it)',
    query: closed({ check: Type.Optional(Type.Boolean()) }),
    answer: Type.Object({
      version: Type.String(),
      uptimeMs: count,
      memoryBytes: count,
      dataDirectory: Type.String(),
      databaseBytes: count,
      freeBytes: nullable(count),
      runs: Type.Record(Type.String(), count, { description: 'How many are in each state, the trash aside.' }),
      trashedRuns: count,
      hasToken: Type.Boolean({ description: 'The server asks for a token.' }),
      databaseProblems: nullable(Type.Array(Type.String())),
    }),
  }),
  emptyTrash: server({
    method: 'POST',
    path: '/trash/empty',
    summary: 'Delete runs in the trash for good: records, output, artifacts. Runs that made a registered version stay',
    body: closed({
      runs: Type.Optional(Type.Array(runId, { minItems: 1, maxItems: 10_000 })),
      filter: Type.Optional(filterText),
      project: Type.Optional(Type.String()),
      all: Type.Optional(Type.Boolean({ description: 'Everything in the trash.' })),
      dryRun: Type.Optional(Type.Boolean()),
    }),
    answer: Type.Object({
      runs: Type.Array(runId),
      kept: Type.Array(Type.Object({ run: runId, model: Type.String(), version: Type.Integer() })),
      objectBytes: count,
      databaseBytes: count,
      keptTargets: Type.Array(Type.String()),
    }),
  }),
  followChanges: server({
    method: 'GET',
    path: '/changes',
    summary:
      'Server-sent events about all runs, experiments and models, without end; `Last-Event-ID` (or `after`) goes on where it was cut off',
    query: closed({
      project: Type.Optional(Type.String()),
      after: Type.Optional(Type.String({ maxLength: 100, description: 'Id of an event, or `start` for everything there is.' })),
    }),
    answer: bytes,
    answerBytes: 'events',
  }),
  followRun: server({
    method: 'GET',
    path: '/runs/{run}/changes',
    summary: 'Server-sent events of one run until it ends: state, metrics, output (base64), end',
    answer: bytes,
    answerBytes: 'events',
  }),
}
