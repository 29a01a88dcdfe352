import { useQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { useMemo, useState } from 'react'
import { get } from '../api/client.ts'
import { MissingPage } from '../app/error-page.tsx'
import { useKeys } from '../app/keys.ts'
import { A, useGo, useSearch } from '../app/link.tsx'
import { inProject } from '../app/project.ts'
import { formatCount } from '../format/number.ts'
import { formatDuration } from '../format/time.ts'
import { CopyButton } from '../ui/copy.tsx'
import { Age } from '../ui/moment.tsx'
import { Assessments } from './assessments.tsx'
import { SpanDetail } from './span-detail.tsx'
import { lengthOf, spanRows } from './span-tree.ts'
import { TraceState, tokensOf } from './trace-state.tsx'
import type { Span, Trace } from '@trainyard/contract/native-api'
import { Waterfall } from './waterfall.tsx'

/** One request: its spans as a tree beside their times, and all that one of them says. */
export function TracePage() {
  const { trace: id = '' } = useParams({ strict: false })
  const { data, error, refetch } = useQuery({
    queryKey: ['trace', id],
    queryFn: ({ signal }) => get<{ trace: Trace; spans: Span[] }>(`/traces/${encodeURIComponent(id)}`, {}, signal),
    refetchInterval: ({ state }) => (state.data?.trace.state === 'IN_PROGRESS' ? 2_000 : false),
    retry: false,
  })
  if (error)
    return (
      <MissingPage title={`No trace ${id.slice(0, 11)} here`} error={error} retry={() => void refetch()}>
        <A className="button" href="/traces">
          All traces
        </A>
      </MissingPage>
    )
  return data ? <Loaded trace={data.trace} spans={data.spans} /> : null
}

function Loaded({ trace, spans }: { trace: Trace; spans: readonly Span[] }) {
  const [search, change] = useSearch()
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set())
  const rows = useMemo(() => spanRows(spans, closed), [spans, closed])
  const go = useGo()
  const chosen = spans.find(({ id }) => id === search.get('span')) ?? firstShown(spans)
  const choose = (span: Span | undefined): void => span && change({ span: span.id })
  const toggle = (id: string, isOpen: boolean): void =>
    setClosed((before) => (isOpen ? new Set([...before].filter((each) => each !== id)) : new Set([...before, id])))
  const move = (by: number): void => choose(rows[rows.findIndex(({ span }) => span.id === chosen?.id) + by]?.span)
  useKeys('Trace', {
    j: { label: 'next span', run: () => move(1) },
    k: { label: 'span before', run: () => move(-1) },
    ArrowRight: { label: 'open the span', run: () => chosen && toggle(chosen.id, true) },
    ArrowLeft: { label: 'close the span', run: () => chosen && toggle(chosen.id, false) },
    e: { label: 'first error', run: () => choose(spans.find(({ status }) => status.code === 'ERROR')) },
    u: { label: 'up to the traces', run: () => go(inProject(trace.project, '/traces')) },
  })
  return (
    <>
      <Head trace={trace} />
      <div className="page-body trace">
        {spans.length === 0 ? (
          <p className="muted">Its spans have not arrived: the program may still be sending them.</p>
        ) : (
          <Waterfall rows={rows} lengthMs={lengthOf(spans)} chosen={chosen?.id} onChoose={choose} onToggle={toggle} />
        )}
        <div className="stack">
          {chosen && <SpanDetail key={chosen.id} span={chosen} />}
          <Assessments assessments={trace.assessments} onSpan={(span) => change({ span })} />
          <Facts trace={trace} />
        </div>
      </div>
    </>
  )
}

/** An error is what one looks for; else the whole. */
const firstShown = (spans: readonly Span[]): Span | undefined =>
  spans.findLast(({ status }) => status.code === 'ERROR') ?? spans.find(({ parentId }) => parentId === null) ?? spans[0]

function Head({ trace }: { trace: Trace }) {
  const session = trace.metadata['mlflow.trace.session']
  const tokens = tokensOf(trace)
  return (
    <>
      <div className="page-head">
        <TraceState state={trace.state} />
        <h1 className="elide">{trace.name ?? trace.id.slice(0, 11)}</h1>
        <div className="actions">
          <CopyButton text={trace.id} label="Copy id" />
          <CopyButton label="Copy link" text={location.href} />
        </div>
      </div>
      <p className="page-line">
        <span>
          <A href={inProject(trace.project, '/traces')}>{trace.project}</A> ·{' '}
          <A href={inProject(trace.project, `/traces?experiment=${trace.experimentId}`)}>its experiment</A> ·
        </span>
        {trace.runId !== null && (
          <span>
            made in <A href={`/runs/${trace.runId}`}>run {trace.runId.slice(0, 8)}</A> ·
          </span>
        )}
        {session !== undefined && (
          <span>
            session{' '}
            <A href={inProject(trace.project, `/traces?session=${encodeURIComponent(session)}`)}>{session.slice(0, 40)}</A> ·
          </span>
        )}
        <span>
          started <Age atMs={trace.startedAtMs} /> · {trace.durationMs === null ? 'goes on' : formatDuration(trace.durationMs)} ·{' '}
          {formatCount(trace.spanCount)} spans{tokens === undefined ? '' : ` · ${formatCount(tokens)} tokens`}
        </span>
      </p>
    </>
  )
}

function Facts({ trace }: { trace: Trace }) {
  const entries = [...Object.entries(trace.tags), ...Object.entries(trace.metadata)].filter(
    ([key]) => !/^mlflow\.(?:traceName|artifactLocation|trace\.spansLocation|trace_schema\.version)$/.test(key),
  )
  if (entries.length === 0) return null
  return (
    <section className="card">
      <header>
        <h2>Tags and metadata</h2>
      </header>
      <dl className="body pairs">
        {entries.flatMap(([key, value], at) => [<dt key={at}>{key}</dt>, <dd key={`${at} value`}>{value.slice(0, 2_000)}</dd>])}
      </dl>
    </section>
  )
}
