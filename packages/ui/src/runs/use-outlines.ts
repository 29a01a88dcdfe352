import { useQueries } from '@tanstack/react-query'
import { fetchPoints } from '../api/queries.ts'
import type { RunRow } from '../api/types.ts'

const group = 25
const outlinePoints = 24

/** Outlines of one metric for the rows in view, 25 runs in a request. */
export function useOutlines(metric: string | undefined, rows: readonly RunRow[]): ReadonlyMap<string, readonly number[]> {
  const ids = metric === undefined ? [] : rows.map((row) => row.id)
  const groups: string[][] = []
  for (let at = 0; at < ids.length; at += group) groups.push(ids.slice(at, at + group))
  const results = useQueries({
    queries: groups.map((part) => ({
      queryKey: ['outlines', metric, part],
      queryFn: ({ signal }: { signal: AbortSignal }) => fetchPoints(part, [metric!], { maxPoints: outlinePoints }, signal),
      staleTime: 20_000,
      gcTime: 20_000,
    })),
  })
  const found = new Map<string, readonly number[]>()
  for (const { data } of results) for (const { run, values } of data ?? []) found.set(run, values)
  return found
}
