import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { post, readNumber } from '../api/client.ts'
import type { RunRecord, RunRow } from '../api/types.ts'
import { goalOfSweep } from '../run/sweep-facts.ts'

/** Which metric stands beside a run: a sweep's is the one it looks for, all others show the main one. */
export interface ShownMetrics {
  /** As a table of runs is asked for them. */
  columns: string
  of(row: RunRow): { name: string; value: number } | undefined
}

export function useShownMetrics(main: string | undefined, rows: readonly RunRow[]): ShownMetrics {
  const ids = [...new Set(rows.flatMap(({ kind, id }) => (kind === 'sweep' ? id : [])))].toSorted()
  const { data: sweeps } = useQuery({
    queryKey: ['selectors', ids],
    queryFn: async ({ signal }) => (await post<{ runs: RunRecord[] }>('/runs/get', { runs: ids }, signal)).runs,
    enabled: ids.length > 0,
    // What a sweep looks for never changes.
    staleTime: Infinity,
    placeholderData: keepPreviousData,
    retry: false,
  })
  return useMemo(() => {
    const goals = new Map(
      (sweeps ?? []).flatMap((run) => {
        const goal = goalOfSweep(run, [])
        return goal ? [[run.id, goal.metric] as const] : []
      }),
    )
    const names = [...new Set([...(main === undefined ? [] : [main]), ...goals.values()])]
    return {
      columns: names.map((name) => `metrics."${name.replaceAll('"', String.raw`\"`)}"`).join(','),
      of: (row) => {
        const name = goals.get(row.id) ?? main
        const value = name === undefined ? undefined : readNumber(row.values[names.indexOf(name)])
        return name === undefined || value === undefined ? undefined : { name, value }
      },
    }
  }, [sweeps, main])
}
