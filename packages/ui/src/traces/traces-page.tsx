import { useInfiniteQuery } from '@tanstack/react-query'
import { get } from '../api/client.ts'
import { A, useSearch } from '../app/link.tsx'
import { inProject, useProject } from '../app/project.ts'
import { formatCount, formatValue } from '../format/number.ts'
import { formatDuration } from '../format/time.ts'
import { Snippet } from '../ui/copy.tsx'
import { ListPage } from '../ui/list-page.tsx'
import { Age } from '../ui/moment.tsx'
import { type Column, Table } from '../ui/table.tsx'
import { TraceFilters } from './trace-filters.tsx'
import { TraceState, tokensOf } from './trace-state.tsx'
import type { Trace } from '@trainyard/contract/native-api'

const pageSize = 100
const filters = ['text', 'state', 'run', 'session', 'experiment', 'minDurationMs', 'sort'] as const

/** What programs did for their requests: newest first, or slowest. */
export function TracesPage() {
  const project = useProject()
  const [search] = useSearch()
  const chosen = Object.fromEntries(filters.map((name) => [name, search.get(name) ?? '']))
  const answer = useInfiniteQuery({
    queryKey: ['traces', project, chosen],
    queryFn: ({ signal, pageParam }) =>
      get<{ traces: Trace[]; next: string | null }>(
        '/traces',
        { project, ...chosen, limit: pageSize, cursor: pageParam === '' ? undefined : pageParam },
        signal,
      ),
    initialPageParam: '',
    getNextPageParam: ({ next }) => next,
    refetchInterval: 5_000,
    retry: false,
  })
  const { hasNextPage, fetchNextPage, isFetchingNextPage } = answer
  const traces = answer.data?.pages.flatMap((each) => each.traces) ?? []
  const narrowedBy = filters.flatMap((name) => (name === 'sort' || chosen[name] === '' ? [] : [chosen[name]])).join(' · ')
  return (
    <ListPage
      title="Traces"
      facts={traces.length > 0 && `${formatCount(traces.length)}${hasNextPage ? ' shown, there are more' : ''}`}
      narrowing={<TraceFilters />}
      answer={answer}
      count={traces.length}
      narrowedBy={narrowedBy}
      empty={<NoTraces />}
    >
      {traces.length > 0 && (
        <div className="card scroll">
          <Table className="traces" columns={columnsOf(project)} rows={traces} keyOf={(trace) => trace.id} />
        </div>
      )}
      {hasNextPage && (
        <button type="button" className="button more" disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          Show more
        </button>
      )}
    </ListPage>
  )
}

const columnsOf = (project: string | undefined): readonly Column<Trace>[] => [
  { title: 'State', className: 'state-cell', cell: ({ state }) => <TraceState state={state} /> },
  {
    title: 'Name',
    className: 'strong name',
    cell: ({ id, name }) => <A href={inProject(project, `/traces/${encodeURIComponent(id)}`)}>{name ?? id.slice(0, 11)}</A>,
  },
  {
    title: 'Request',
    className: 'preview',
    cellProps: ({ requestPreview }) => ({ title: requestPreview ?? undefined }),
    cell: ({ requestPreview }) => requestPreview ?? '–',
  },
  {
    title: 'Response',
    className: 'preview wide-only',
    cellProps: ({ responsePreview }) => ({ title: responsePreview ?? undefined }),
    cell: ({ responsePreview }) => responsePreview ?? '–',
  },
  { title: 'Assessed', className: 'wide-only', cell: ({ assessments }) => <Assessed assessments={assessments} /> },
  { title: 'Tokens', className: 'num wide-only', cell: (trace) => formatValue(tokensOf(trace)) },
  { title: 'Spans', className: 'num wide-only', cell: ({ spanCount }) => formatCount(spanCount) },
  { title: 'Took', className: 'num', cell: ({ durationMs }) => (durationMs === null ? '–' : formatDuration(durationMs)) },
  { title: 'Started', className: 'num', cell: ({ startedAtMs }) => <Age atMs={startedAtMs} /> },
]

const Assessed = ({ assessments }: Pick<Trace, 'assessments'>) =>
  assessments
    .filter(({ isValid }) => isValid)
    .slice(0, 3)
    .map(({ id, name, value }) => (
      <span key={id} className="chip">
        <span className="elide">
          {name}: {formatValue(value)}
        </span>
      </span>
    ))

function NoTraces() {
  return (
    <div className="empty" role="status">
      <h2>No traces yet</h2>
      <p>
        A trace tells what a program did for one request: calls, times, inputs and outputs. MLflow&apos;s client sends them here.
      </p>
      <Snippet label="Point it here" text={`export MLFLOW_TRACKING_URI=${location.origin}`} />
      <Snippet
        label="And trace a function"
        text={`import mlflow\n\n@mlflow.trace\ndef answer(question):\n    return question.upper()\n\nanswer("what is this?")`}
      />
    </div>
  )
}
