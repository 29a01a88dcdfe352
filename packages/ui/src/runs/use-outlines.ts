import { useQueries } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { fetchPoints } from '../api/queries.ts'
import type { RunRow } from '../api/types.ts'

const group = 25
const outlinePoints = 24

/** Longer than rows that scroll by are in view, also where frames are slow. */
const restMs = 200

/** What a value is once it has stayed the same for a moment. */
function useRested<Value>(value: Value): Value {
  const [rested, setRested] = useState(value)
  useEffect(() => {
    const timer = setTimeout(() => setRested(value), restMs)
    return () => clearTimeout(timer)
  }, [value])
  return rested
}

/** Outlines of one metric for the rows in view, 25 runs in a request; rows that only pass by are not asked for. */
export function useOutlines(metric: string | undefined, rows: readonly RunRow[]): ReadonlyMap<string, readonly number[]> {
  const seen = rows.map((row) => row.id).join(' ')
  const rested = useRested(seen)
  const ids = metric === undefined || rested === '' ? [] : rested.split(' ')
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
