import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { readNumber } from '../api/client.ts'
import { keysQuery } from '../api/queries.ts'
import type { RunRecord, TableKeys } from '../api/types.ts'
import { goalMetric, isSystemMetric, mainMetric } from '../format/goal.ts'

/** What these runs are about, as the other pages of their project say; undefined while that is not known. */
export function useGoalMetric(runs: readonly RunRecord[]): string | undefined {
  const [project, ...others] = new Set(runs.map((run) => run.project))
  const { data: keys, isPlaceholderData } = useQuery({
    ...keysQuery({ project: others.length === 0 ? project : undefined }),
    enabled: runs.length > 0,
  })
  return useMemo(() => (keys && !isPlaceholderData ? goalAmong(runs, keys) : undefined), [runs, keys, isPlaceholderData])
}

/** The goal of a project among what all of some runs have, else among what any has, else their own main metric. */
export function goalAmong(runs: readonly RunRecord[], keys: Pick<TableKeys, 'goals' | 'facts'>): string | undefined {
  const counts = new Map(metricsOf(runs).map(({ name, runCount }) => [name, runCount]))
  const inAll = goalMetric(keys, (name) => counts.get(name) === runs.length)
  return inAll ?? goalMetric(keys, (name) => counts.has(name)) ?? mainMetric(metricsOf(runs))
}

/** Metrics of these runs, those of the machine aside, and how many have each. */
export function metricsOf(runs: readonly Pick<RunRecord, 'results'>[]): { name: string; runCount: number }[] {
  const counts = new Map<string, number>()
  for (const run of runs)
    for (const [key, value] of Object.entries(run.results))
      if (readNumber(value) !== undefined && !isSystemMetric(key)) counts.set(key, (counts.get(key) ?? 0) + 1)
  return Array.from(counts, ([name, runCount]) => ({ name, runCount }))
}
