import { keepPreviousData, queryOptions, useQuery } from '@tanstack/react-query'
import type { RunGroup, TableWindow } from '@trainyard/contract/native-api'
import { get, post, readNumber } from './client.ts'
import type {
  ArtifactRecord,
  Counts,
  Points,
  Pulse,
  RunAlone,
  RunRecord,
  RunRow,
  SeriesInfo,
  StateChange,
  TableKeys,
} from './types.ts'

export const pulseEveryMs = 1000

/** What says whether anything has moved; also how we notice that the server is away. Not asked while the page is hidden. */
export const pulseQuery = queryOptions({
  queryKey: ['pulse'],
  queryFn: ({ signal }) => get<Pulse>('/pulse', {}, signal),
  refetchInterval: pulseEveryMs,
  retry: false,
  staleTime: 0,
})
export const usePulse = (): Pulse | undefined => useQuery(pulseQuery).data

/** Which runs a table is about, as the server is asked. */
export interface TableScope {
  project?: string | undefined
  filter?: string | undefined
  sort?: string | undefined
  iterations?: boolean | undefined
}

const scopeQuery = ({ project, filter, sort, iterations }: TableScope) => ({
  project,
  filter,
  sort,
  iterations: iterations === true ? true : undefined,
})

/** `mark` stands for a moment: the same question later is another one. */
export const windowQuery = (scope: TableScope, columns: string, limit: number, mark = 0) =>
  queryOptions({
    queryKey: ['window', scope, columns, limit, mark],
    queryFn: ({ signal }) => get<TableWindow>('/table/window', { ...scopeQuery(scope), columns, limit }, signal),
    placeholderData: keepPreviousData,
    retry: false,
  })

export const fetchOrder = async (scope: TableScope, signal: AbortSignal): Promise<number[]> =>
  (await get<{ numbers: number[] }>('/table/order', scopeQuery(scope), signal)).numbers

export const orderQuery = (scope: TableScope, mark: number) =>
  queryOptions({
    queryKey: ['order', scope, mark],
    queryFn: ({ signal }) => fetchOrder(scope, signal),
    retry: false,
  })

export const fetchRows = async (numbers: readonly number[], columns: string, signal?: AbortSignal): Promise<RunRow[]> =>
  (await post<{ rows: RunRow[] }>('/table/rows', { numbers, ...(columns === '' ? {} : { columns }) }, signal)).rows

export const keysQuery = (scope: Omit<TableScope, 'sort'>) =>
  queryOptions({
    queryKey: ['keys', scope.project, scope.filter, scope.iterations],
    queryFn: ({ signal }) => get<TableKeys>('/table/keys', scopeQuery(scope), signal),
    placeholderData: keepPreviousData,
    staleTime: 30_000,
    retry: false,
  })

export const groupsQuery = (scope: Omit<TableScope, 'sort'>, by: string, metrics: string) =>
  queryOptions({
    queryKey: ['groups', scope, by, metrics],
    queryFn: ({ signal }) =>
      get<{ groups: RunGroup[]; total: number }>(
        '/table/groups',
        // The iterations are what the groups of a sweep consist of.
        {
          project: scope.project,
          filter: scope.filter,
          iterations: by === 'parent' ? true : scope.iterations || undefined,
          by,
          metrics,
        },
        signal,
      ),
    placeholderData: keepPreviousData,
    refetchInterval: 5 * pulseEveryMs,
    retry: false,
  })

export const valuesQuery = (field: string) =>
  queryOptions({
    queryKey: ['values', field],
    queryFn: ({ signal }) =>
      get<{ values: string[]; min: number | null; max: number | null }>('/table/values', { field }, signal),
    staleTime: 30_000,
    retry: false,
  })

/** The run that a text means: an id, the start of one, or a name. */
export const resolveQuery = (text: string) =>
  queryOptions({
    queryKey: ['resolve', text],
    queryFn: ({ signal }) => get<RunRecord>('/runs/resolve', { text }, signal),
    retry: false,
  })

export const countsQuery = (project: string | undefined) =>
  queryOptions({
    queryKey: ['counts', project],
    queryFn: ({ signal }) => get<Counts>('/table/counts', { project }, signal),
    placeholderData: keepPreviousData,
  })

export const projectsQuery = queryOptions({
  queryKey: ['projects'],
  queryFn: async ({ signal }) =>
    (await get<{ projects: { name: string; createdAtMs: number; runCount: number }[] }>('/projects', {}, signal)).projects,
})

export const runQuery = (id: string) =>
  queryOptions({ queryKey: ['run', id], queryFn: ({ signal }) => get<RunAlone>(`/runs/${id}`, {}, signal), retry: false })

export const statesQuery = (id: string) =>
  queryOptions({
    queryKey: ['states', id],
    queryFn: async ({ signal }) => (await get<{ states: StateChange[] }>(`/runs/${id}/states`, {}, signal)).states,
  })

export const metricsQuery = (id: string) =>
  queryOptions({
    queryKey: ['metrics', id],
    queryFn: async ({ signal }) => (await get<{ metrics: SeriesInfo[] }>(`/runs/${id}/metrics`, {}, signal)).metrics,
  })

export const artifactsQuery = (id: string) =>
  queryOptions({
    queryKey: ['artifacts', id],
    queryFn: async ({ signal }) => (await get<{ artifacts: ArtifactRecord[] }>(`/runs/${id}/artifacts`, {}, signal)).artifacts,
  })

export const iterationsQuery = (id: string) =>
  queryOptions({
    queryKey: ['iterations', id],
    queryFn: async ({ signal }) => (await get<{ runs: RunRecord[] }>(`/runs/${id}/iterations`, {}, signal)).runs,
  })

export interface PointsRange {
  maxPoints: number
  fromStep?: number | undefined
  toStep?: number | undefined
}

/** Those series that have points; each keeps its spikes, whatever the number asked for. */
export async function fetchPoints(
  runs: readonly string[],
  keys: readonly string[],
  { maxPoints, fromStep, toStep }: PointsRange,
  signal?: AbortSignal,
): Promise<Points[]> {
  if (runs.length === 0 || keys.length === 0) return []
  const range = { ...(fromStep === undefined ? {} : { fromStep }), ...(toStep === undefined ? {} : { toStep }) }
  const { series } = await post<{
    series: { run: string; key: string; steps: number[]; timesMs: number[]; values: (number | string)[] }[]
  }>('/points/columns', { runs, keys, maxPoints, ...range }, signal)
  return series.map(({ values, ...rest }) => ({ ...rest, values: values.map((value) => readNumber(value) ?? Number.NaN) }))
}
