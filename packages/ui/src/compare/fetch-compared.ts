import { bestRunIds, withBestParameters } from '@trainyard/contract'
import { ApiError, get, post } from '../api/client.ts'
import type { RunRecord } from '../api/types.ts'

/** The runs of a comparison, sweeps with the parameters of their best iterations, as far as these are still there. */
export async function fetchCompared(ids: readonly string[], signal: AbortSignal): Promise<RunRecord[]> {
  const { runs } = await post<{ runs: RunRecord[] }>('/runs/get', { runs: ids }, signal)
  const best = await Promise.all(bestRunIds(runs).map((id) => findRun(id, signal)))
  return withBestParameters(
    runs,
    best.filter((run) => run !== undefined),
  )
}

async function findRun(id: string, signal: AbortSignal): Promise<RunRecord | undefined> {
  try {
    return await get<RunRecord>(`/runs/${id}`, {}, signal)
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined
    throw error
  }
}
