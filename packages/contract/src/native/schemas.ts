import { type Static, type TSchema, Type } from 'typebox'
import { artifactKinds, type JournalInput, type RunError } from '../journal.ts'
import type { JsonObject, JsonValue, WireNumber } from '../json.ts'
import type { CodeVersion, EnvironmentInfo, RunExit, Supervisor, SweepSummary } from '../run.ts'
import { runStates } from '../states.ts'
import type { Task } from '../task.ts'
import { closed } from './operation.ts'

export const nullable = <Schema extends TSchema>(schema: Schema) => Type.Union([schema, Type.Null()])
/** The integers that a number of JavaScript holds exactly: what is stored comes back as it was. */
const safe = { minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER }
export const integer = (options: { minimum?: number; maximum?: number; description?: string } = {}) =>
  Type.Integer({ ...safe, ...options })
/** What a `Date` holds: 275,760 years to either side of 1970. */
const farthestMs = 8_640_000_000_000_000
export const timeMs = integer({ minimum: -farthestMs, maximum: farthestMs, description: 'Milliseconds since 1970, UTC.' })
/** A time of the past or the future, none before 1970. */
export const timeSince1970 = (description?: string) =>
  integer({ minimum: 0, maximum: farthestMs, ...(description === undefined ? {} : { description }) })
export const count = integer({ minimum: 0 })
/** JSON has no NaN and no infinities; they are written as these texts. */
const numberOrText = {
  anyOf: [{ type: 'number' }, { type: 'string', enum: ['NaN', 'Infinity', '-Infinity'] }],
  description: 'A number; what JSON has no number for is written as "NaN", "Infinity" or "-Infinity".',
}
export const wireNumber = Type.Unsafe<WireNumber>(numberOrText)
/** As `wireNumber`, in answers: a client makes numbers of the three texts. */
const measured = Type.Unsafe<number>(numberOrText)
export const jsonValue = Type.Unsafe<JsonValue>({ description: 'Any JSON value.' })
const jsonObject = Type.Unsafe<JsonObject>({ type: 'object' })
const document = <Value>(description: string) => Type.Unsafe<Value | null>({ type: ['object', 'null'], description })
export const runState = Type.Enum([...runStates])
export const runId = Type.String({ pattern: '^[0-9a-f]{32}$' })
export const texts = Type.Record(Type.String(), Type.String())
export const textChanges = Type.Record(Type.String(), nullable(Type.String()), {
  description: 'To add or replace; null removes.',
})
const values = Type.Record(Type.String(), jsonValue)

const ground = {
  code: document<CodeVersion>('What ran: file, handler, command line, commit.'),
  environment: document<EnvironmentInfo>('On what it ran: interpreter, packages, machine, automatic choices.'),
}

export const run = Type.Object({
  id: runId,
  name: Type.String(),
  project: Type.String(),
  experiment: Type.String(),
  kind: Type.Enum(['run', 'sweep', 'iteration']),
  parentId: nullable(runId),
  iteration: count,
  state: runState,
  stateReason: nullable(Type.String()),
  createdAtMs: timeMs,
  startedAtMs: nullable(timeMs),
  endedAtMs: nullable(timeMs),
  updatedAtMs: timeMs,
  owner: Type.String(),
  host: Type.String(),
  parameters: values,
  results: Type.Record(Type.String(), jsonValue, { description: 'The latest value of every metric and every other result.' }),
  labels: texts,
  inputs: Type.Array(
    Type.Unsafe<JournalInput>({
      type: 'object',
      required: ['key', 'url'],
      properties: {
        key: { type: 'string' },
        url: { type: 'string' },
        sizeBytes: { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
        sha256: { type: 'string' },
      },
    }),
  ),
  ...ground,
  exit: document<RunExit>('How the process ended.'),
  error: document<RunError>('Why it failed, as far as the process could tell.'),
  problems: Type.Array(Type.String()),
  task: document<Task>('The template it was started from.'),
  outPath: Type.String(),
  supervisor: document<Supervisor>('Who watches it.'),
  attempt: count,
  sweep: document<SweepSummary>('Of a sweep: how many iterations, and the best.'),
  nestedCount: integer({ minimum: 0, description: 'How many runs lie right below it, iterations not counted.' }),
  trashedAtMs: nullable(timeMs),
})

/** A run with what is kept beside its record. */
export const runAlone = Type.Object({
  ...run.properties,
  shared: nullable(
    Type.Object(
      { run: Type.Object({ id: runId, name: Type.String() }), ...ground },
      { description: 'Of an iteration: the sweep, and what it keeps of code and environment for all its iterations.' },
    ),
  ),
})

export const next = nullable(Type.String({ description: 'Give it back as `cursor` for the next page; null at the end.' }))
export const runPage = Type.Object({ runs: Type.Array(run), next })
export const stateChange = Type.Object({ state: runState, atMs: timeMs, reason: nullable(Type.String()) })

export const newPoint = closed({ key: Type.String(), step: integer(), timeMs, value: wireNumber })
export const point = Type.Object({ step: integer(), timeMs, value: measured })
export const namedPoint = Type.Object({ key: Type.String(), step: integer(), timeMs, value: measured })
export const series = Type.Object({
  key: Type.String(),
  pointCount: count,
  last: point,
  min: nullable(measured),
  max: nullable(measured),
})

export const batch = closed({
  points: Type.Optional(Type.Array(newPoint, { maxItems: 100_000 })),
  parameters: Type.Optional(values),
  labels: Type.Optional(textChanges),
})

export const artifactKind = Type.Enum([...artifactKinds])
export const artifact = Type.Object({
  id: Type.String(),
  project: Type.String(),
  key: Type.String(),
  kind: artifactKind,
  runId: nullable(runId),
  iteration: count,
  tags: Type.Array(Type.String()),
  labels: texts,
  target: Type.String({ description: 'Where the bytes are.' }),
  format: nullable(Type.String()),
  sizeBytes: nullable(count),
  sha256: nullable(Type.String()),
  metadata: jsonObject,
  createdAtMs: timeMs,
})
export const file = Type.Object({ path: Type.String(), isFolder: Type.Boolean(), sizeBytes: nullable(count) })

export const experiment = Type.Object({
  id: Type.String({ pattern: '^[0-9]+$' }),
  project: Type.String(),
  name: Type.String(),
  artifactLocation: nullable(Type.String()),
  createdAtMs: timeMs,
  updatedAtMs: timeMs,
  trashedAtMs: nullable(timeMs),
  tags: texts,
})
export type Experiment = Static<typeof experiment>
export const project = Type.Object({ name: Type.String(), createdAtMs: timeMs, runCount: count })

const projectPart = Type.Record(Type.String(), Type.Any())
export const projectState = Type.Enum(['online', 'offline', 'archived'])
/** In the form of `project.yaml`; fields nobody knows are kept. */
export const projectDocument = {
  metadata: Type.Optional(projectPart),
  spec: Type.Optional(projectPart),
}
export const projectRecord = Type.Object({
  name: Type.String(),
  state: projectState,
  createdAtMs: timeMs,
  updatedAtMs: timeMs,
  metadata: projectPart,
  spec: projectPart,
})
export const projectContents = Type.Object({
  project: Type.String(),
  running: Type.Array(Type.Object({ id: Type.String(), name: Type.String(), state: Type.String() })),
  counts: Type.Record(Type.String(), count),
})
export const notification = Type.Object({
  kind: Type.String(),
  name: Type.String(),
  when: Type.Optional(Type.Array(Type.String())),
  condition: Type.Optional(Type.String()),
  message: Type.Optional(Type.String()),
  severity: Type.Optional(Type.String()),
  params: Type.Record(Type.String(), Type.Any()),
  hasSecrets: Type.Boolean(),
  status: Type.Enum(['pending', 'sent', 'error', 'skipped']),
  sentAtMs: nullable(timeMs),
  reason: nullable(Type.String()),
})
export const notificationDelivery = Type.Object({
  runId: Type.String(),
  name: Type.String(),
  kind: Type.String(),
  runState: Type.String(),
  state: Type.Enum(['waiting', 'delivered', 'failed', 'skipped']),
  attempts: count,
  createdAtMs: timeMs,
  lastAttemptAtMs: nullable(timeMs),
  nextAtMs: nullable(timeMs),
  status: nullable(Type.Integer()),
  error: nullable(Type.String()),
})
export const secretName = Type.Object({ name: Type.String(), createdAtMs: timeMs, updatedAtMs: timeMs })

export const dataset = closed({
  name: Type.String({ minLength: 1 }),
  digest: Type.String({ minLength: 1 }),
  sourceType: Type.String(),
  source: Type.String(),
  schema: nullable(Type.String()),
  profile: nullable(Type.String()),
  tags: texts,
})

const comparedRow = Type.Object({
  key: Type.String(),
  values: Type.Array(jsonValue),
  differs: Type.Boolean(),
})
export const comparedRows = Type.Array(comparedRow)
export const comparison = Type.Object({
  runs: Type.Array(Type.Object({ id: runId, name: Type.String(), state: Type.String(), createdAtMs: timeMs })),
  parameters: comparedRows,
  results: comparedRows,
  labels: comparedRows,
  inputs: comparedRows,
  code: comparedRows,
  environment: comparedRows,
  packages: comparedRows,
})

export const problem = Type.Object({
  error: Type.Object({ code: Type.String(), message: Type.String(), details: Type.Record(Type.String(), jsonValue) }),
})

export const stage = Type.String({ description: 'None, Staging, Production, Archived, or one of your own.' })
const numbers = Type.Record(Type.String(), integer())
export const modelVersion = Type.Object({
  project: Type.String(),
  name: Type.String(),
  version: integer(),
  source: Type.String(),
  location: Type.String(),
  runId: nullable(Type.String()),
  runLink: nullable(Type.String()),
  artifactId: nullable(Type.String()),
  loggedModelId: nullable(Type.String()),
  description: nullable(Type.String()),
  stage,
  status: Type.Enum(['pending', 'failed', 'ready']),
  statusMessage: nullable(Type.String()),
  createdAtMs: timeMs,
  updatedAtMs: timeMs,
  createdBy: Type.String(),
  tags: texts,
  aliases: Type.Array(Type.String()),
})
export const registeredModel = Type.Object({
  project: Type.String(),
  name: Type.String(),
  description: nullable(Type.String()),
  createdAtMs: timeMs,
  updatedAtMs: timeMs,
  createdBy: Type.String(),
  tags: texts,
  aliases: numbers,
  latestVersions: Type.Array(modelVersion),
})
export const registryEvent = Type.Object({
  id: integer(),
  kind: Type.String(),
  version: nullable(integer()),
  key: nullable(Type.String()),
  before: nullable(Type.String()),
  after: nullable(Type.String()),
  atMs: timeMs,
  by: Type.String(),
  via: Type.String(),
  reason: nullable(Type.String()),
})
export const modelSnapshot = Type.Object({
  project: Type.String(),
  name: Type.String(),
  atMs: timeMs,
  description: nullable(Type.String()),
  tags: texts,
  aliases: numbers,
  versions: Type.Array(
    Type.Object({
      version: integer(),
      stage,
      stageSinceMs: timeMs,
      stageBy: Type.String(),
      stageReason: nullable(Type.String()),
      aliases: Type.Array(Type.String()),
      description: nullable(Type.String()),
      tags: texts,
      source: Type.String(),
      runId: nullable(Type.String()),
      artifactId: nullable(Type.String()),
    }),
  ),
})
