import { useQuery } from '@tanstack/react-query'
import { iterationsQuery, runQuery } from '../api/queries.ts'
import { useGo } from '../app/link.tsx'
import { ParallelPlot } from '../charts/parallel-plot.tsx'
import { goalOfSweep, varyingParameters } from '../run/sweep-facts.ts'

/** The chart that a sweep keeps of its iterations, drawn as on the sweep's own page. */
export function SweepPreview({ runId }: { runId: string }) {
  const { data: run } = useQuery(runQuery(runId))
  const { data: iterations } = useQuery(iterationsQuery(runId))
  const go = useGo()
  const goal = run && iterations && goalOfSweep(run, iterations)
  if (!goal) return null
  return (
    <ParallelPlot
      runs={iterations}
      parameters={varyingParameters(iterations).slice(0, 10)}
      goal={goal}
      onOpen={(id) => go(`/runs/${id}`)}
    />
  )
}
