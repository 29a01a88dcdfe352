import { useMutation, useQuery } from '@tanstack/react-query'
import { endedIterations, isEnded } from '@trainyard/contract'
import { useEffect, useSyncExternalStore } from 'react'
import { get } from '../api/client.ts'
import type { RunRecord } from '../api/types.ts'
import { A } from '../app/link.tsx'
import { StateMark } from '../ui/state.tsx'
import { currentDemo, type Demo, demoSteps, finishStep, onDemo, setDemo, startStep } from './demo.ts'

const everyMs = 1_000

/** How far the demo project is while it is being made; every page shows it. */
export function DemoBanner() {
  const demo = useSyncExternalStore(onDemo, currentDemo)
  return demo && <Progress key={demo.run} demo={demo} />
}

function Progress({ demo }: { demo: Demo }) {
  const { step, run: id } = demo
  const { data: run, error } = useQuery({
    queryKey: ['demo', id],
    queryFn: ({ signal }) => get<RunRecord>(`/runs/${id}`, {}, signal),
    refetchInterval: everyMs,
    retry: false,
  })
  const finish = useMutation({ mutationFn: finishStep })
  const isDone = run?.state === 'completed'
  const { mutate, isIdle } = finish
  useEffect(() => {
    if (isDone && isIdle) mutate(demo)
  }, [isDone, isIdle, mutate, demo])
  const problem = finish.error ?? error
  const isOver = problem !== null || (run !== undefined && isEnded(run.state) && !isDone)
  return (
    <div className="demo-banner" role="status">
      <progress aria-label="Demo project" max={demoSteps.length} value={step + shareOf(run)} />
      <span className="grow elide">
        {problem ? problem.message : `Demo: ${demoSteps[step]?.title ?? 'done'}`}{' '}
        {run && (
          <A href={`/runs/${id}`}>
            {run.name} <StateMark state={run.state} reason={run.stateReason} />
          </A>
        )}
        {run?.stateReason && !isDone && <span className="muted"> {run.stateReason}</span>}
      </span>
      {isOver && (
        <button type="button" className="button small" onClick={() => setDemo(null)}>
          Dismiss
        </button>
      )}
    </div>
  )
}

function shareOf(run: RunRecord | undefined): number {
  if (run?.sweep) return endedIterations(run.sweep) / Math.max(1, run.sweep.planned ?? 24)
  return run?.state === 'running' ? 0.5 : 0
}

/** The offer of a first visit. */
export function LoadDemo() {
  const start = useMutation({ mutationFn: () => startStep(0) })
  return (
    <div>
      <button type="button" className="button primary" disabled={!start.isIdle && !start.isError} onClick={() => start.mutate()}>
        Load the demo project
      </button>
      <p className="muted">
        Runs the example on this server: a data set, a training, a sweep over 24 combinations, a registered model. The first time
        its packages are installed, which needs a network and a minute or two.
      </p>
      {start.error && (
        <p className="note failure" role="alert">
          {start.error.message}
        </p>
      )}
    </div>
  )
}
