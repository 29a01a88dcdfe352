import { Type } from 'typebox'
import { area, closed } from './operation.ts'
import {
  artifact,
  artifactKind,
  count,
  dataset,
  integer,
  jsonValue,
  nullable,
  run,
  runId,
  stateChange,
  texts,
  timeMs,
  timeSince1970,
  wireNumber,
} from './schemas.ts'

const sending = area('Runs of other machines')

const path = Type.String({ minLength: 1, maxLength: 1_024, description: 'Below the folder of the run.' })
const modelPattern = '^m-[0-9a-f]{32}$'
const tracePattern = '^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$'
const modelId = Type.String({ pattern: modelPattern })
const traceId = Type.String({ pattern: tracePattern })
/** Whose folder is meant, when it is not the run's own. */
const owner = {
  model: Type.Optional(Type.String({ pattern: modelPattern, description: 'Of this logged model.' })),
  trace: Type.Optional(Type.String({ pattern: tracePattern, description: 'Of this trace.' })),
}
const assessment = closed({
  id: Type.String({ minLength: 1, maxLength: 128 }),
  traceId,
  kind: Type.Enum(['feedback', 'expectation', 'issue']),
  name: Type.String({ minLength: 1 }),
  source: closed({ type: Type.String(), id: Type.String() }),
  value: jsonValue,
  error: jsonValue,
  rationale: nullable(Type.String()),
  metadata: texts,
  spanId: nullable(Type.String()),
  overrides: nullable(Type.String()),
  isValid: Type.Boolean(),
  createdAtMs: timeMs,
  updatedAtMs: timeMs,
})
const trace = closed({
  id: traceId,
  clientRequestId: nullable(Type.String()),
  state: Type.Enum(['STATE_UNSPECIFIED', 'IN_PROGRESS', 'OK', 'ERROR']),
  startedAtMs: timeMs,
  durationMs: nullable(integer()),
  requestPreview: nullable(Type.String()),
  responsePreview: nullable(Type.String()),
  tags: texts,
  metadata: texts,
  assessments: Type.Array(assessment, { maxItems: 10_000 }),
  prompts: Type.Array(Type.String(), { maxItems: 10_000 }),
})
const revision = integer({
  minimum: 0,
  description: 'Grows with everything its machine knows: milliseconds since 1970 will do.',
})
const artifactId = Type.String({ pattern: '^[0-9a-f]{32}$' })

export const sendingOperations = {
  sendRun: sending({
    method: 'PUT',
    path: '/runs/{run}',
    summary:
      'The record of a run that works on another machine, whole, as that machine knows it. A smaller revision than the stored one changes nothing; the answer says what else is here, and why the run should stop',
    body: closed({
      revision,
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
    summary: 'A file of the run, or of a model or trace that was sent with it. A repeat replaces it',
    query: closed({ path, ...owner }),
    bodyBytes: 'bytes',
    answer: Type.Object({ sizeBytes: count, sha256: nullable(Type.String()) }),
  }),
  listSentFiles: sending({
    method: 'GET',
    path: '/runs/{run}/files/sent',
    summary: 'The files of a model or trace that have arrived: none when it is not known',
    query: closed(owner),
    answer: Type.Object({
      files: Type.Array(
        Type.Object({
          path: Type.String(),
          sizeBytes: nullable(count),
          sha256: nullable(Type.String({ description: 'Of what was sent, as long as its size is still that.' })),
        }),
      ),
    }),
  }),
  sendModel: sending({
    method: 'PUT',
    path: '/runs/{run}/logged-models/{model}',
    summary:
      'The record of a logged model that the run has made, whole. A smaller revision than the stored one changes nothing; tags that were added here stay',
    body: closed({
      revision,
      experiment: Type.String({ minLength: 1, maxLength: 500, description: 'By name, in the project of the run.' }),
      name: Type.String({ minLength: 1 }),
      type: nullable(Type.String()),
      status: Type.Enum(['pending', 'ready', 'failed']),
      createdAtMs: timeSince1970(),
      updatedAtMs: timeSince1970(),
      trashedAtMs: nullable(timeSince1970()),
      tags: texts,
      parameters: texts,
    }),
  }),
  sendVersion: sending({
    method: 'PUT',
    path: '/runs/{run}/model-versions',
    summary:
      'A version of a registered model that was made of the run, under the number of its machine: the next version of the model of that name here. Aliases that another version has stay there. A repeat changes nothing',
    body: closed({
      project: Type.String({ minLength: 1 }),
      name: Type.String({ minLength: 1 }),
      version: integer({ minimum: 1 }),
      source: Type.String({ minLength: 1 }),
      location: Type.String({ description: 'Where the bytes are, when they are not here.' }),
      path: nullable(path),
      runLink: nullable(Type.String()),
      artifactId: nullable(Type.String()),
      loggedModelId: nullable(Type.String()),
      description: nullable(Type.String()),
      stage: Type.String({ minLength: 1 }),
      status: Type.Enum(['pending', 'failed', 'ready']),
      statusMessage: nullable(Type.String()),
      createdBy: Type.String(),
      tags: texts,
      aliases: Type.Array(Type.String(), { maxItems: 10_000 }),
      model: closed({ description: nullable(Type.String()), tags: texts }),
    }),
    answer: Type.Object({ version: count }),
  }),
  sendModelUses: sending({
    method: 'POST',
    path: '/runs/{run}/model-uses',
    summary:
      'Which logged models the run has read or made, and what it has measured of them. Models that are not here are passed over',
    body: closed({
      links: Type.Array(closed({ modelId, direction: Type.Enum(['input', 'output']), step: integer() }), { maxItems: 10_000 }),
      points: Type.Array(
        closed({
          modelId,
          key: Type.String({ minLength: 1 }),
          step: integer(),
          timeMs,
          value: wireNumber,
          datasetName: Type.String(),
          datasetDigest: Type.String(),
        }),
        { maxItems: 10_000 },
      ),
    }),
    answer: Type.Object({ missing: Type.Array(Type.String({ description: 'Of a model that is not here.' })) }),
  }),
  sendTraces: sending({
    method: 'POST',
    path: '/runs/{run}/traces',
    summary:
      'Traces that the run has made, whole or with a part of their spans. A smaller revision than the stored one changes nothing; tags and assessments that were added here stay',
    body: closed({
      revision,
      traces: Type.Array(
        closed({
          experiment: Type.String({ minLength: 1, maxLength: 500, description: 'By name, in the project of the run.' }),
          trace,
          spans: Type.Array(Type.String({ description: 'JSON of one span, in which integers have all their digits.' })),
          digest: nullable(
            Type.String({ maxLength: 128, description: 'Of all there is of the trace; null while parts of it are to come.' }),
          ),
        }),
        { maxItems: 1_000 },
      ),
    }),
  }),
  findLackingTraces: sending({
    method: 'POST',
    path: '/runs/{run}/traces/lacking',
    isRead: true,
    summary: 'Which traces of the run have not arrived whole, or otherwise',
    body: closed({ digests: Type.Record(Type.String(), Type.String(), { maxProperties: 10_000 }) }),
    answer: Type.Object({ lacking: Type.Array(Type.String()) }),
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
      model: Type.Optional(Type.String({ pattern: modelPattern, description: 'The logged model whose folder holds the bytes.' })),
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
