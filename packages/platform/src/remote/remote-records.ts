import {
  AppError,
  type ArtifactRecord,
  fromWireNumber,
  isAppError,
  type JsonValue,
  type MetricPoint,
  printRunFilter,
  printRunSort,
  type RunRecord,
  type RunStateChange,
} from '@trainyard/contract'
import type {
  ArtifactRecords,
  LogRecords,
  MetricRecords,
  MetricSeriesInfo,
  ProjectRecord,
  ProjectRecords,
  RunQuery,
  RunRecords,
  Tracking,
} from '../tracking/index.ts'
import type { RemoteServer } from './remote-server.ts'

/**
 * The records of another machine's server, for commands that read them. What is not there fails with `failed_precondition`: some
 * commands need the data directory itself.
 */
export function createRemoteTracking(server: RemoteServer): Tracking {
  return onlySome<Tracking>(server.url, {
    runs: onlySome<RunRecords>(server.url, runs(server)),
    metrics: onlySome<MetricRecords>(server.url, metrics(server)),
    artifacts: onlySome<ArtifactRecords>(server.url, artifacts(server)),
    logs: onlySome<LogRecords>(server.url, logs(server)),
    projects: onlySome<ProjectRecords>(server.url, projects(server)),
  })
}

/** The methods that are there; any other says so when it is called. */
export function onlySome<Records extends object>(url: string, there: Partial<Records>): Records {
  const refuse = (): never => {
    throw new AppError(
      'failed_precondition',
      `This does not work through TRAINYARD_URL (${url}): run it where the data directory is, without that variable.`,
    )
  }
  return new Proxy(there, {
    get: (target, name): unknown => Reflect.get(target, name) ?? (name === 'then' ? undefined : refuse),
  }) as Records
}

const enc = encodeURIComponent

const unlessMissing = async <Value>(asked: Promise<Value>): Promise<Value | undefined> => {
  try {
    return await asked
  } catch (error) {
    if (isAppError(error, 'not_found')) return undefined
    throw error
  }
}

function projects(server: RemoteServer): Partial<ProjectRecords> {
  const at = (name: string): string => `/projects/${enc(name)}`
  const get = (name: string): Promise<ProjectRecord> => server.json('GET', at(name))
  return {
    list: async () => (await server.json<{ projects: Awaited<ReturnType<ProjectRecords['list']>> }>('GET', '/projects')).projects,
    get,
    find: (name) => unlessMissing(get(name)),
    put: (name, document) => server.json('PUT', at(name), { body: document }),
    patch: (name, patch) => server.json('PATCH', at(name), { body: patch }),
    setState: (name, state) => server.json('PATCH', at(name), { body: { state } }),
  }
}

type RunPage = Awaited<ReturnType<RunRecords['search']>>

function runs(server: RemoteServer): Partial<RunRecords> {
  const get = async (id: string): Promise<RunRecord> => {
    const { shared: _shared, ...run } = await server.json<RunRecord & { shared: unknown }>('GET', `/runs/${enc(id)}`)
    return readRun(run)
  }
  return {
    get,
    find: (id) => unlessMissing(get(id)),
    getMany: async (ids) => (await server.json<RunPage>('POST', '/runs/get', { body: { runs: ids } })).runs.map(readRun),
    resolve: async (text, options = {}) =>
      (await server.json<RunRecord>('GET', '/runs/resolve', { query: { text, ...options } })).id,
    search: async (query) => {
      const { runs: found, next } = await server.json<RunPage>('GET', '/runs', { query: toQuery(query) })
      return { runs: found.map(readRun), next }
    },
    count: async ({ filter, project, iterations }) =>
      (
        await server.json<{ count: number }>('GET', '/runs/count', {
          query: { filter: filter && printRunFilter(filter), project, iterations },
        })
      ).count,
    children: async (id) => (await server.json<RunPage>('GET', `/runs/${enc(id)}/iterations`)).runs.map(readRun),
    history: async (id) => (await server.json<{ states: RunStateChange[] }>('GET', `/runs/${enc(id)}/states`)).states,
    setLabels: async (ids, labels) => void (await server.json('POST', '/runs/label', { body: { runs: ids, labels } })),
    trash: async (ids) => void (await server.json('POST', '/runs/trash', { body: { runs: ids } })),
    restore: async (ids) => void (await server.json('POST', '/runs/restore', { body: { runs: ids } })),
  }
}

/** A page of the server is at most this long. */
const longestPage = 1_000

function toQuery({ filter, sort, project, iterations, trashed, limit, cursor }: RunQuery) {
  return {
    filter: filter && printRunFilter(filter),
    sort: sort && printRunSort(sort),
    project,
    iterations,
    trashed: trashed === true ? true : undefined,
    limit: limit === undefined ? undefined : Math.min(limit, longestPage),
    cursor,
  }
}

/** What JSON has no numbers for comes as texts. */
const readRun = (run: RunRecord): RunRecord => ({
  ...run,
  results: Object.fromEntries(Object.entries(run.results).map(([key, value]) => [key, readValue(value)])),
})

const odd: Record<string, number> = { NaN: Number.NaN, Infinity: Number.POSITIVE_INFINITY, '-Infinity': Number.NEGATIVE_INFINITY }
const readValue = (value: JsonValue): JsonValue => (typeof value === 'string' && Object.hasOwn(odd, value) ? odd[value]! : value)
const readNumber = (value: number | null): number => fromWireNumber(value) ?? Number.NaN
const readPoint = (point: MetricPoint): MetricPoint => ({ ...point, value: readNumber(point.value) })

function metrics(server: RemoteServer): Partial<MetricRecords> {
  const points = async (id: string, query: Record<string, string | number | undefined>): Promise<MetricPoint[]> =>
    (await server.json<{ points: MetricPoint[] }>('GET', `/runs/${enc(id)}/points`, { query })).points.map(readPoint)
  return {
    series: async (id) =>
      (await server.json<{ metrics: MetricSeriesInfo[] }>('GET', `/runs/${enc(id)}/metrics`)).metrics.map((series) => ({
        ...series,
        last: readPoint(series.last),
      })),
    history: (id, key, { fromStep, toStep } = {}) => points(id, { key, fromStep, toStep }),
    sampled: (id, key, { maxPoints, fromStep, toStep }) => points(id, { key, maxPoints, fromStep, toStep }),
  }
}

function artifacts(server: RemoteServer): Partial<ArtifactRecords> {
  return {
    get: (id) => server.json('GET', `/artifacts/${enc(id)}`),
    ofRun: async (id) => (await server.json<{ artifacts: ArtifactRecord[] }>('GET', `/runs/${enc(id)}/artifacts`)).artifacts,
    resolve: (project, text) => server.json('GET', '/artifacts/resolve', { query: { project, text } }),
    search: async ({ project, key, kind, tag, runId, allVersions, limit }) =>
      (
        await server.json<{ artifacts: ArtifactRecord[] }>('GET', '/artifacts', {
          query: { project, key, kind, tag, run: runId, allVersions, limit: limit && Math.min(limit, longestPage) },
        })
      ).artifacts,
    tag: async (id, { add = [], remove = [] }) =>
      void (await server.json('PATCH', `/artifacts/${enc(id)}`, { body: { addTags: add, removeTags: remove } })),
  }
}

function logs(server: RemoteServer): Partial<LogRecords> {
  const sizeBytes = async (id: string): Promise<number> =>
    (await server.json<{ sizeBytes: number }>('GET', `/runs/${enc(id)}/output`, { query: { limitBytes: 1 } })).sizeBytes
  return {
    sizeBytes,
    async *read(id, { offset = 0, limitBytes } = {}) {
      const end = Math.min(await sizeBytes(id), offset + (limitBytes ?? Number.MAX_SAFE_INTEGER))
      if (offset >= end) return
      let at = offset
      const range = `bytes=${offset}-${end - 1}`
      for await (const bytes of await server.bytes(`/runs/${enc(id)}/output/bytes`, {}, { range })) {
        yield { offset: at, timeMs: 0, bytes }
        at += bytes.length
      }
    },
  }
}
