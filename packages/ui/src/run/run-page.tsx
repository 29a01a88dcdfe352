import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { endedIterations, isEnded } from '@trainyard/contract'
import { useEffect, useRef, useState } from 'react'
import { artifactsQuery, metricsQuery, resolveQuery, runQuery, usePulse } from '../api/queries.ts'
import { ApiError } from '../api/client.ts'
import type { RunAlone, RunRecord } from '../api/types.ts'
import { MissingPage } from '../app/error-page.tsx'
import { useKeys } from '../app/keys.ts'
import { A, useGo } from '../app/link.tsx'
import { experimentRuns, inProject, runsWhere } from '../app/project.ts'
import { LineageView } from '../lineage/lineage-view.tsx'
import { formatCount } from '../format/number.ts'
import { StopSheet } from '../runs/selection-bar.tsx'
import { CopyButton } from '../ui/copy.tsx'
import { Age, Took } from '../ui/moment.tsx'
import { StateMark } from '../ui/state.tsx'
import { canRunAgain } from './again.ts'
import { ArtifactsTab } from './artifacts-tab.tsx'
import { ChartsTab } from './charts-tab.tsx'
import { CodeTab } from './code-tab.tsx'
import { ExtendSheet } from './extend-sheet.tsx'
import { HistoryTab } from './history-tab.tsx'
import { IterationsTab } from './iterations-tab.tsx'
import { LogView } from './log-view.tsx'
import { OverviewTab } from './overview-tab.tsx'
import { SweepTab } from './sweep-tab.tsx'
import { RunAgainSheet } from './run-again-sheet.tsx'

export function RunPage() {
  const { run: id = '', tab = 'overview' } = useParams({ strict: false })
  const { data: run, error, refetch } = useQuery(runQuery(id))
  const mark = useLiveRun(id, run)
  if (error) return <Missing id={id} tab={tab} error={error} retry={() => void refetch()} />
  if (!run) return null
  return <Loaded run={run} tab={tab} mark={mark} />
}

/** Asks anew for what is on screen of a run when anything has changed while it goes on; the result changes with each time. */
function useLiveRun(id: string, run: RunRecord | undefined): number {
  const pulse = usePulse()
  const queries = useQueryClient()
  const [mark, setMark] = useState(0)
  const seen = useRef<number | undefined>(undefined)
  const isLive = run !== undefined && !isEnded(run.state)
  useEffect(() => {
    // The first time as well: what was read of the run may be older than the pulse.
    if (pulse === undefined || !isLive || seen.current === pulse.change) return
    seen.current = pulse.change
    setMark((before) => before + 1)
    for (const kind of ['run', 'metrics', 'states', 'artifacts', 'iterations'])
      void queries.invalidateQueries({ queryKey: [kind, id] })
  }, [pulse, isLive, id, queries])
  return mark
}

/** The start of an id, as terminals print it, or a name leads to the run it means. */
function Missing({ id, tab, error, retry }: { id: string; tab: string; error: Error; retry: () => void }) {
  const isRefused = error instanceof ApiError && error.status >= 400 && error.status < 500
  const { data: meant, isPending } = useQuery({ ...resolveQuery(id), enabled: isRefused })
  const go = useGo()
  const href = meant && hrefOfTab(meant.id, tab)
  useEffect(() => {
    if (href !== undefined) go(`${href}${location.search}`, { replace: true })
  }, [href, go])
  if (isRefused && (isPending || meant)) return null
  return (
    <MissingPage title={`No run ${id.slice(0, 8)} here`} error={error} retry={retry}>
      <A className="button" href={runsWhere(undefined, `id like '${id.slice(0, 8)}%'`)}>
        Search for it
      </A>
    </MissingPage>
  )
}

function Loaded({ run, tab, mark }: { run: RunAlone; tab: string; mark: number }) {
  const go = useGo()
  const { data: metrics } = useQuery(metricsQuery(run.id))
  const { data: artifacts } = useQuery(artifactsQuery(run.id))
  const isSweep = run.kind === 'sweep'
  const done = run.sweep ? endedIterations(run.sweep) : 0
  const tabs: [name: string, label: string, count?: number | null][] = [
    ['overview', 'Overview'],
    ...(isSweep ? ([['iterations', 'Iterations', done]] as [string, string, number][]) : []),
    ['charts', 'Charts', metrics ? metrics.filter(({ pointCount }) => pointCount > 1).length : null],
    ['logs', 'Logs'],
    ['artifacts', 'Artifacts', artifacts ? artifacts.length : null],
    ['code', 'Code and environment'],
    ['lineage', 'Lineage'],
    ['history', 'History'],
  ]
  const hrefOf = (name: string): string => hrefOfTab(run.id, name)
  useKeys('Run', {
    ...Object.fromEntries(tabs.map(([name, label], at) => [String(at + 1), { label, run: () => go(hrefOf(name)) }])),
    u: {
      label: 'up to the runs',
      run: () => go(run.parentId === null ? inProject(run.project, '/runs') : `/runs/${run.parentId}`),
    },
  })
  const isFull = tab === 'logs'
  return (
    <>
      <Head run={run} />
      <nav className="tabs" aria-label="Parts of the run">
        {tabs.map(([name, label, count]) => (
          <A key={name} href={hrefOf(name)} aria-current={tab === name ? 'page' : undefined}>
            {label}
            {count !== undefined && count !== 0 && <span className="count">{count}</span>}
          </A>
        ))}
      </nav>
      <div className="page-body" style={isFull ? { display: 'grid', gridTemplateColumns: 'minmax(0, 1fr)' } : undefined}>
        {tab === 'overview' && (isSweep ? <SweepTab run={run} /> : <OverviewTab run={run} mark={mark} />)}
        {tab === 'iterations' && <IterationsTab run={run} />}
        {tab === 'charts' && <ChartsTab run={run} mark={mark} />}
        {tab === 'logs' && <LogView run={run} mark={mark} />}
        {tab === 'artifacts' && <ArtifactsTab runId={run.id} />}
        {tab === 'code' && <CodeTab run={run} />}
        {tab === 'lineage' && <LineageView of={{ run: run.id }} />}
        {tab === 'history' && <HistoryTab run={run} />}
      </div>
      <footer className="foot">
        <span className="wide-only">
          <kbd>1</kbd>…<kbd>{tabs.length}</kbd> tabs · <kbd>u</kbd> up · <kbd>y</kbd> copy link
        </span>
        <span className="right">
          run <span className="mono">{run.id}</span>
        </span>
        <CopyButton text={run.id} label="Copy id" />
      </footer>
    </>
  )
}

const hrefOfTab = (id: string, tab: string): string => (tab === 'overview' ? `/runs/${id}` : `/runs/${id}/${tab}`)

function Head({ run }: { run: RunRecord }) {
  const [isStopping, setStopping] = useState(false)
  const [isExtending, setExtending] = useState(false)
  const [isRepeating, setRepeating] = useState(false)
  const file = run.code?.file?.split('/').at(-1)
  const commit = run.code?.git?.commit.slice(0, 7)
  return (
    <>
      <div className="page-head">
        <StateMark state={run.state} reason={run.stateReason} />
        <h1 className="elide">{run.kind === 'iteration' ? `#${run.iteration} ${run.name}` : run.name}</h1>
        {Object.entries(run.labels)
          .filter(([key]) => !key.startsWith('mlflow.'))
          .slice(0, 4)
          .map(([key, value]) => (
            <span key={key} className="chip" title={`${key}: ${value}`}>
              <span className="elide">
                {key}: {value}
              </span>
            </span>
          ))}
        <div className="actions">
          {!isEnded(run.state) && (
            <button type="button" className="button danger" onClick={() => setStopping(true)}>
              Stop
            </button>
          )}
          {isEnded(run.state) && run.kind === 'sweep' && run.task?.sweep && (
            <button type="button" className="button" onClick={() => setExtending(true)}>
              Extend
            </button>
          )}
          {isEnded(run.state) && canRunAgain(run) && (
            <button type="button" className="button" onClick={() => setRepeating(true)}>
              Run again
            </button>
          )}
          <CopyButton label="Copy link" text={`${location.origin}/runs/${run.id}`} />
        </div>
      </div>
      <p className="page-line">
        {run.parentId !== null && (
          <span>
            of <A href={`/runs/${run.parentId}`}>{run.kind === 'iteration' ? 'its sweep' : 'the run it is nested in'}</A> ·
          </span>
        )}
        {run.nestedCount > 0 && (
          <span>
            <A href={runsWhere(run.project, `parent = '${run.id}'`)}>
              {formatCount(run.nestedCount)} nested {run.nestedCount === 1 ? 'run' : 'runs'}
            </A>{' '}
            ·
          </span>
        )}
        <span>
          <A href={inProject(run.project, '/runs')}>{run.project}</A> ·{' '}
          <A href={experimentRuns(run.project, run.experiment)}>{run.experiment}</A> ·
        </span>
        {file && (
          <span>
            {file}
            {commit && <span className="mono"> @{commit}</span>} ·
          </span>
        )}
        <span>
          {run.owner}
          {run.host !== '' && ` on ${run.host}`} · started <Age atMs={run.startedAtMs ?? run.createdAtMs} /> ·{' '}
          <Took startedAtMs={run.startedAtMs} endedAtMs={run.endedAtMs} />
        </span>
      </p>
      {isExtending && <ExtendSheet run={run} onClose={() => setExtending(false)} />}
      {isRepeating && <RunAgainSheet run={run} onClose={() => setRepeating(false)} />}
      {isStopping && <StopSheet ids={[run.id]} onClose={() => setStopping(false)} />}
    </>
  )
}
