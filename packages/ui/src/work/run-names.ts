import { useQuery } from '@tanstack/react-query'
import { post } from '../api/client.ts'
import type { RunRecord } from '../api/types.ts'

/** Names of runs by their ids; those that are gone are missing. */
export function useRunNames(ids: readonly string[]): ReadonlyMap<string, string> {
  const runs = [...new Set(ids)].sort()
  const { data = [] } = useQuery({
    queryKey: ['names of runs', runs],
    queryFn: async ({ signal }) => (await post<{ runs: RunRecord[] }>('/runs/get', { runs }, signal)).runs,
    enabled: runs.length > 0,
    retry: false,
  })
  return new Map(data.map(({ id, name }) => [id, name]))
}
