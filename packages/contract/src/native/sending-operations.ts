import { Type } from 'typebox'
import { area, closed } from './operation.ts'
import {
  artifact,
  artifactKind,
  count,
  dataset,
  integer,
  nullable,
  run,
  runId,
  stateChange,
  texts,
  timeSince1970,
} from './schemas.ts'

const sending = area('Runs of other machines')

const path = Type.String({ minLength: 1, maxLength: 1_024, description: 'Below the folder of the run.' })
const artifactId = Type.String({ pattern: '^[0-9a-f]{32}$' })

export const sendingOperations = {
  sendRun: sending({
    method: 'PUT',
    path: '/runs/{run}',
    summary:
      'The record of a run that works on another machine, whole, as that machine knows it. A smaller revision than the stored one changes nothing; the answer says what else is here, and why the run should stop',
    body: closed({
      revision: integer({
        minimum: 0,
        description: 'Grows with everything its machine knows: milliseconds since 1970 will do.',
      }),
      record: run,
      history: Type.Array(stateChange, { maxItems: 100_000 }),
      datasets: Type.Optional(Type.Array(dataset, { maxItems: 10_000 })),
    }),
    answer: Type.Object({
      revision: count,
      asked: nullable(Type.String({ description: 'Somebody here wants it to stop: why.' })),
      series: Type.Record(Type.String(), Type.Object({ count, lastStep: integer() })),
      outputBytes: count,
      artifacts: Type.Array(Type.String()),
    }),
  }),
  sendOutput: sending({
    method: 'POST',
    path: '/runs/{run}/output',
    summary: 'What the run printed, from a byte on: what is here already is passed over, a gap is refused',
    query: closed({
      offset: count,
      timeMs: Type.Optional(timeSince1970('When it was printed; usually now.')),
    }),
    bodyBytes: 'bytes',
    answer: Type.Object({ sizeBytes: count }),
  }),
  getJournal: sending({
    method: 'GET',
    path: '/runs/{run}/journals/{journal}',
    summary: 'How far a journal of the run has been taken in',
    answer: Type.Object({ offset: count, sequence: count }),
  }),
  sendJournal: sending({
    method: 'POST',
    path: '/runs/{run}/journals/{journal}',
    summary: 'Lines of a journal (docs/journal.md), from a byte on: each is taken once, a gap is refused',
    query: closed({ offset: count }),
    bodyBytes: 'bytes',
    answer: Type.Object({ offset: count, sequence: count, problems: Type.Array(Type.String()) }),
  }),
  sendFile: sending({
    method: 'PUT',
    path: '/runs/{run}/files/bytes',
    summary: 'A file of the run. A repeat replaces it',
    query: closed({ path }),
    bodyBytes: 'bytes',
    answer: Type.Object({ sizeBytes: count, sha256: nullable(Type.String()) }),
  }),
  sendArtifact: sending({
    method: 'PUT',
    path: '/runs/{run}/artifacts/{artifact}',
    summary: 'The record of an artifact under an id of the sender: one that is known is left alone',
    body: closed({
      id: artifactId,
      runId: nullable(runId),
      project: Type.String(),
      key: Type.String(),
      kind: artifactKind,
      iteration: count,
      tags: Type.Array(Type.String(), { maxItems: 100 }),
      labels: texts,
      target: Type.String({ description: 'Where the bytes are, when they are not here.' }),
      format: nullable(Type.String()),
      sizeBytes: nullable(count),
      sha256: nullable(Type.String()),
      metadata: artifact.properties.metadata,
      createdAtMs: timeSince1970(),
      path: nullable(path),
    }),
    answer: artifact,
  }),
  linkArtifacts: sending({
    method: 'POST',
    path: '/runs/{run}/artifacts',
    summary: 'Show artifacts of other runs with this one, as a sweep does with those of its best iteration',
    body: closed({ artifacts: Type.Array(Type.String(), { maxItems: 10_000 }) }),
  }),
}
