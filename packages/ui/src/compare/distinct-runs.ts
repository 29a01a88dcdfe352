import { distinctNames } from '../charts/drawn-lines.ts'

/** Runs by the names that the whole comparison calls them: an iteration by its sweep and number, two of one name by their ids as well. */
export function distinctRuns<Run extends { id: string; name: string; iteration: number }>(runs: readonly Run[]): Run[] {
  const called = runs.map((run) => ({ ...run, name: run.iteration > 0 ? `${run.name}/${run.iteration}` : run.name }))
  const names = distinctNames(called)
  return called.map((run) => ({ ...run, name: names.get(run.id)! }))
}
