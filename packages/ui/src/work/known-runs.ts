import { useQuery } from '@tanstack/react-query'
import { post } from '../api/client.ts'
import type { RunRecord } from '../api/types.ts'

/** Runs by their ids; those that are gone are missing. */
export function useKnownRuns(ids: readonly string[], everyMs?: number): ReadonlyMap<string, RunRecord> {
  const runs = [...new Set(ids)].sort()
  const { data = [] } = useQuery({
    queryKey: ['known runs', runs],
    queryFn: async ({ signal }) => (await post<{ runs: RunRecord[] }>('/runs/get', { runs }, signal)).runs,
    enabled: runs.length > 0,
    ...(everyMs === undefined ? {} : { refetchInterval: everyMs }),
    retry: false,
  })
  return new Map(data.map((run) => [run.id, run]))
}
