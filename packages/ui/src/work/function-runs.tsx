import { useQuery } from '@tanstack/react-query'
import { keysQuery, usePulse } from '../api/queries.ts'
import { literalOf } from '../app/filter-literal.ts'
import { runsWhere } from '../app/project.ts'
import { goalMetric } from '../format/goal.ts'
import { foldSchedules, newestQuery } from '../home/fold-schedules.ts'
import { RunList } from '../home/run-list.tsx'
import { useShownMetrics } from '../home/shown-metrics.ts'

/** Runs of any version: each has the version it is of in a label. */
export const runsOfFunction = (project: string, name: string): string =>
  ['@', ':'].map((mark) => `labels.function like ${literalOf(`db://${project}/${name}${mark}%`)}`).join(' or ')

/** The newest runs made from a function, wherever they were asked for, and the way to all. */
export function FunctionRuns({ project, name }: { project: string; name: string }) {
  const pulse = usePulse()
  const scope = { project, filter: runsOfFunction(project, name) }
  const mark = pulse?.change ?? 0
  const { data: keys } = useQuery(keysQuery(scope))
  const { data: newest } = useQuery(newestQuery(scope, '', mark))
  const shown = useShownMetrics(goalMetric(keys), newest?.rows ?? [])
  const { data, error } = useQuery(newestQuery(scope, shown.columns, mark))
  if (error || !data) return null
  const { rows, folded } = foldSchedules(data.rows)
  return (
    <RunList
      title="Runs"
      rows={rows}
      folded={folded}
      total={data.total}
      shown={shown}
      href={runsWhere(project, scope.filter)}
      empty="It has not run yet."
    />
  )
}
