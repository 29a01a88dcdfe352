import { useQueries, useQuery } from '@tanstack/react-query'
import type { TableWindow } from '@trainyard/contract/native-api'
import { useEffect, useMemo, useRef, useState } from 'react'
import { fetchRows, orderQuery, type TableScope, usePulse, windowQuery } from '../api/queries.ts'
import type { RunRow } from '../api/types.ts'

export const rowsPerChunk = 100
/** Asked for before they come into view: a row that is drawn empty and then filled is drawn twice. */
const rowsAhead = 50

export interface RunRows {
  total: number | undefined
  /** Undefined while it is on its way. */
  rowAt(index: number): RunRow | undefined
  first: readonly RunRow[]
  error: Error | null
  /** What is shown belongs to the view before: another one is on its way. */
  isOld: boolean
  /** Runs that match and are not shown yet. */
  newCount: number
  showNew(): void
  numbers: readonly number[] | undefined
}

/**
 * The rows of a table that may hold 100,000 runs: a first window at once, the whole order behind it, then chunks as they come into
 * view. The order stays as it is until somebody asks for new runs; values of what is in view change in place.
 */
export function useRunRows(
  scope: TableScope,
  columns: string,
  view: { first: number; last: number },
  /** False while it is not known which columns to ask for. */
  isReady: boolean,
): RunRows {
  const [generation, setGeneration] = useState(0)
  const pulse = usePulse()
  const fixed = { staleTime: Infinity, refetchOnWindowFocus: false }
  const opened = useQuery({
    ...windowQuery(scope, columns, rowsPerChunk, generation),
    ...fixed,
    gcTime: 30_000,
    enabled: isReady,
  })
  const total = opened.data?.total
  const ordered = useQuery({
    ...orderQuery(scope, generation),
    ...fixed,
    gcTime: 30_000,
    enabled: total !== undefined && total > rowsPerChunk && !opened.isPlaceholderData,
  })
  const chunks = useVisibleChunks({ order: ordered.data, columns, view })
  const live = useLiveRows({
    key: JSON.stringify([scope, columns, generation]),
    columns,
    readAt: opened.data?.change,
    pulseMark: pulse?.change,
  })
  const rowAt = (index: number): RunRow | undefined => {
    const found =
      index < rowsPerChunk ? opened.data?.rows[index] : chunks.get(Math.floor(index / rowsPerChunk))?.[index % rowsPerChunk]
    return found && (live.rows.get(found.number) ?? found)
  }
  live.visible.current = visibleNumbers(view, rowAt)
  const newCount = useNewCount({ scope, opened: opened.isPlaceholderData ? undefined : opened.data, newest: pulse?.newestNumber })
  const { refetch } = opened
  useEffect(() => {
    if (total === 0 && newCount > 0) setGeneration((before) => before + 1)
  }, [total, newCount, refetch])
  return {
    total,
    rowAt,
    first: opened.data?.rows ?? [],
    error: opened.error,
    isOld: opened.isPlaceholderData,
    newCount,
    showNew: () => setGeneration((before) => before + 1),
    numbers: ordered.data,
  }
}

function visibleNumbers(view: { first: number; last: number }, rowAt: (index: number) => RunRow | undefined): number[] {
  const numbers: number[] = []
  for (let index = view.first; index <= view.last; index++) {
    const row = rowAt(index)
    if (row) numbers.push(row.number)
  }
  return numbers
}

function useVisibleChunks(options: {
  order: readonly number[] | undefined
  columns: string
  view: { first: number; last: number }
}): Map<number, RunRow[]> {
  const { order, columns, view } = options
  const wanted: number[] = []
  if (order) {
    const from = Math.floor((view.first - rowsAhead) / rowsPerChunk)
    const to = Math.floor((view.last + rowsAhead) / rowsPerChunk)
    for (let chunk = Math.max(1, from); chunk <= to && chunk * rowsPerChunk < order.length; chunk++) wanted.push(chunk)
  }
  const results = useQueries({
    queries: wanted.map((chunk) => {
      const numbers = order!.slice(chunk * rowsPerChunk, (chunk + 1) * rowsPerChunk)
      return {
        queryKey: ['rows', columns, numbers[0], numbers.length, numbers.at(-1), order],
        queryKeyHashFn: () => `rows ${columns} ${numbers[0]} ${numbers.length} ${numbers.at(-1)}`,
        queryFn: ({ signal }: { signal: AbortSignal }) => fetchRows(numbers, columns, signal),
        staleTime: Infinity,
        gcTime: 20_000,
      }
    }),
  })
  const found = new Map<number, RunRow[]>()
  for (const [at, result] of results.entries()) if (result.data) found.set(wanted[at]!, result.data)
  return found
}

/** Rows in view, asked for again when anything has moved since they were read. */
function useLiveRows(options: { key: string; columns: string; readAt: number | undefined; pulseMark: number | undefined }) {
  const { key, columns, readAt, pulseMark } = options
  const [rows, setRows] = useState<ReadonlyMap<number, RunRow>>(new Map())
  const visible = useRef<number[]>([])
  useEffect(() => setRows(new Map()), [key])
  useEffect(() => {
    if (pulseMark === undefined || readAt === undefined || pulseMark <= readAt || visible.current.length === 0) return undefined
    const asked = new AbortController()
    fetchRows(visible.current, columns, asked.signal).then(
      (fresh) => setRows((before) => new Map([...before, ...fresh.map((row) => [row.number, row] as const)])),
      () => undefined,
    )
    return () => asked.abort()
  }, [pulseMark, readAt, columns])
  return useMemo(() => ({ rows, visible }), [rows])
}

/** How many runs of the table are newer than what it shows. */
function useNewCount(options: { scope: TableScope; opened: TableWindow | undefined; newest: number | undefined }): number {
  const { scope, opened, newest } = options
  const hasNew = opened !== undefined && newest !== undefined && newest > opened.newestNumber
  const { data } = useQuery({ ...windowQuery(scope, '', 1, newest), enabled: hasNew })
  return hasNew && data ? Math.max(0, data.total - opened.total) : 0
}
