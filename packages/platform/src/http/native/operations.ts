import { AppError, fromWireNumber, parseRunFilter, parseRunSort } from '@trainyard/contract'
import { Type } from 'typebox'
import type { RunQuery } from '../../tracking/index.ts'
import { type NativeContext, type Operation, operation } from './operation.ts'
import { artifact, closed, experiment, jsonValue, point, run, runPage, runState, series, stateChange } from './schemas.ts'

const done = Type.Object({})
const labels = Type.Record(Type.String(), Type.Union([Type.String(), Type.Null()]), {
  description: 'Labels to add or replace; null removes.',
})

const search = closed({
  filter: Type.Optional(Type.String({ description: "For example: metrics.accuracy > 0.9 and state = 'completed'" })),
  sort: Type.Optional(Type.String({ description: 'For example: metrics.accuracy desc' })),
  project: Type.Optional(Type.String()),
  iterations: Type.Optional(Type.Boolean({ description: 'Iterations of sweeps too.' })),
  trashed: Type.Optional(Type.Boolean({ description: 'Only runs in the trash.' })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000 })),
  cursor: Type.Optional(Type.String({ description: 'From the answer before.' })),
})

/** Everything the native interface does. */
export const operations: readonly Operation[] = [
  operation({
    method: 'GET',
    path: '/projects',
    id: 'listProjects',
    summary: 'Projects and how many runs each has',
    answer: Type.Object({ projects: Type.Array(Type.Unknown()) }),
    run: async ({ tracking }) => ({ projects: await tracking.projects.list() }),
  }),
  operation({
    method: 'GET',
    path: '/experiments',
    id: 'searchExperiments',
    summary: 'Experiments of a project, newest first',
    query: closed({
      project: Type.String(),
      limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000 })),
      cursor: Type.Optional(Type.String()),
    }),
    answer: Type.Object({ experiments: Type.Array(experiment), next: Type.Union([Type.String(), Type.Null()]) }),
    run: ({ tracking }, { query }) => tracking.experiments.search(query),
  }),
  operation({
    method: 'GET',
    path: '/runs',
    id: 'searchRuns',
    summary: 'Runs that a filter finds, page by page',
    query: search,
    answer: runPage,
    run: ({ tracking, clock }, { query }) => {
      const { filter, sort, ...rest } = query
      const found: RunQuery = { ...rest }
      if (filter !== undefined) found.filter = parseRunFilter(filter, { nowMs: clock.nowMs() })
      if (sort !== undefined) found.sort = parseRunSort(sort)
      return tracking.runs.search(found)
    },
  }),
  operation({
    method: 'GET',
    path: '/runs/{run}',
    id: 'getRun',
    summary: 'One run, by id',
    answer: run,
    run: ({ tracking }, { path }) => tracking.runs.get(path['run']!),
  }),
  operation({
    method: 'PATCH',
    path: '/runs/{run}',
    id: 'reportRun',
    summary: 'Say how a run goes that no supervisor of ours watches: its state, its name',
    body: closed({
      state: Type.Optional(runState),
      endedAtMs: Type.Optional(Type.Integer({ minimum: 0 })),
      name: Type.Optional(Type.String()),
    }),
    answer: run,
    run: async ({ tracking }, { path, body }) => {
      await tracking.reported.setState(path['run']!, body)
      return await tracking.runs.get(path['run']!)
    },
  }),
  operation({
    method: 'POST',
    path: '/runs/{run}/log',
    id: 'logToRun',
    summary: 'Add points, parameters and labels: all of them or none. A repeat changes nothing',
    body: closed({
      points: Type.Optional(Type.Array(point, { maxItems: 100_000 })),
      parameters: Type.Optional(Type.Record(Type.String(), jsonValue)),
      labels: Type.Optional(labels),
    }),
    answer: done,
    run: async ({ tracking }, { path, body }) => {
      const { points = [], parameters = {}, ...rest } = body
      await tracking.reported.log(path['run']!, {
        ...rest,
        parameters: parameters as Record<string, string>,
        points: points.map((each) => ({ ...each, value: fromWireNumber(each.value)! })),
      })
      return {}
    },
  }),
  operation({
    method: 'GET',
    path: '/runs/{run}/states',
    id: 'getRunStates',
    summary: 'Every state the run has been in',
    answer: Type.Object({ states: Type.Array(stateChange) }),
    run: async ({ tracking }, { path }) => ({ states: await tracking.runs.history(path['run']!) }),
  }),
  operation({
    method: 'GET',
    path: '/runs/{run}/iterations',
    id: 'getIterations',
    summary: 'The iterations of a sweep, in order',
    answer: Type.Object({ runs: Type.Array(run) }),
    run: async ({ tracking }, { path }) => ({ runs: await tracking.runs.children(path['run']!) }),
  }),
  operation({
    method: 'GET',
    path: '/runs/{run}/metrics',
    id: 'getMetrics',
    summary: 'The metrics of a run with their latest points',
    answer: Type.Object({ metrics: Type.Array(series) }),
    run: async ({ tracking }, { path }) => ({ metrics: await tracking.metrics.series(path['run']!) }),
  }),
  operation({
    method: 'GET',
    path: '/runs/{run}/points',
    id: 'getPoints',
    summary: 'Points of one metric: all, or with maxPoints a shape that keeps every spike',
    query: closed({
      key: Type.String(),
      fromStep: Type.Optional(Type.Integer()),
      toStep: Type.Optional(Type.Integer()),
      maxPoints: Type.Optional(Type.Integer({ minimum: 1, maximum: 100_000 })),
    }),
    answer: Type.Object({
      points: Type.Array(Type.Object({ step: Type.Integer(), timeMs: Type.Integer(), value: Type.Unknown() })),
    }),
    run: async ({ tracking }, { path, query: { key, maxPoints, ...range } }) => ({
      points:
        maxPoints === undefined
          ? await tracking.metrics.history(path['run']!, key, range)
          : await tracking.metrics.sampled(path['run']!, key, { ...range, maxPoints }),
    }),
  }),
  operation({
    method: 'GET',
    path: '/runs/{run}/artifacts',
    id: 'getArtifacts',
    summary: 'The artifacts of a run',
    answer: Type.Object({ artifacts: Type.Array(artifact) }),
    run: async ({ tracking }, { path }) => ({ artifacts: await tracking.artifacts.ofRun(path['run']!) }),
  }),
  operation({
    method: 'GET',
    path: '/runs/{run}/output',
    id: 'getOutput',
    summary: 'A piece of what the run printed, from a byte on; ask again from `next`',
    query: closed({
      offset: Type.Optional(Type.Integer({ minimum: 0 })),
      limitBytes: Type.Optional(Type.Integer({ minimum: 1, maximum: 4_194_304 })),
    }),
    answer: Type.Object({ text: Type.String(), next: Type.Integer(), sizeBytes: Type.Integer() }),
    run: readOutput,
  }),
]

const usualOutputBytes = 262_144

/** Whole characters only: a piece that ends inside of one stops before it, unless the run has ended there. */
async function readOutput(
  { tracking }: NativeContext,
  { path, query }: { path: Record<string, string>; query: { offset?: number; limitBytes?: number } },
) {
  const id = path['run']!
  if (!(await tracking.runs.find(id))) throw new AppError('not_found', `There is no run ${id}.`)
  const { offset = 0, limitBytes = usualOutputBytes } = query
  const parts: Uint8Array[] = []
  for await (const chunk of tracking.logs.read(id, { offset, limitBytes })) parts.push(chunk.bytes)
  const bytes = Buffer.concat(parts)
  const sizeBytes = await tracking.logs.sizeBytes(id)
  const length = offset + bytes.length < sizeBytes ? wholeCharacters(bytes) : bytes.length
  return { text: bytes.subarray(0, length).toString(), next: offset + length, sizeBytes }
}

/** How many bytes come before a character that is cut off at the end. */
function wholeCharacters(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(4, bytes.length); back++) {
    const byte = bytes[bytes.length - back]!
    if (byte < 0x80) return bytes.length
    if (byte < 0xc0) continue
    const needed = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2
    return back < needed && bytes.length > back ? bytes.length - back : bytes.length
  }
  return bytes.length
}
