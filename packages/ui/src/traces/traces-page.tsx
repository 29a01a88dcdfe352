import { useInfiniteQuery } from '@tanstack/react-query'
import { get } from '../api/client.ts'
import { Refusal } from '../app/error-page.tsx'
import { A, useSearch } from '../app/link.tsx'
import { inProject, useProject } from '../app/project.ts'
import { formatCount, formatValue } from '../format/number.ts'
import { formatDuration } from '../format/time.ts'
import { Snippet } from '../ui/copy.tsx'
import { Age } from '../ui/moment.tsx'
import { TraceFilters } from './trace-filters.tsx'
import { TraceState, tokensOf } from './trace-state.tsx'
import type { Trace } from './types.ts'

const pageSize = 100
const filters = ['text', 'state', 'run', 'session', 'experiment', 'minDurationMs', 'sort'] as const

/** What programs did for their requests: newest first, or slowest. */
export function TracesPage() {
  const project = useProject()
  const [search] = useSearch()
  const chosen = Object.fromEntries(filters.map((name) => [name, search.get(name) ?? '']))
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery({
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
  const traces = data?.pages.flatMap((each) => each.traces)
  const isFiltered = filters.some((name) => chosen[name] !== '')
  return (
    <>
      <div className="page-head">
        <h1>Traces</h1>
        <span className="facts">{traces && `${formatCount(traces.length)}${hasNextPage ? ' shown, there are more' : ''}`}</span>
      </div>
      <TraceFilters />
      <div className="page-body">
        {error && <Refusal error={error} retry={() => void refetch()} />}
        {traces?.length === 0 && (isFiltered ? <p className="muted">No trace matches.</p> : <NoTraces />)}
        {traces && traces.length > 0 && <TraceTable traces={traces} project={project} />}
        {hasNextPage && (
          <button type="button" className="button more" disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            Show more
          </button>
        )}
      </div>
    </>
  )
}

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

function TraceTable({ traces, project }: { traces: readonly Trace[]; project: string | undefined }) {
  return (
    <div className="card scroll">
      <table className="plain-table traces">
        <thead>
          <tr>
            <th scope="col">State</th>
            <th scope="col">Name</th>
            <th scope="col">Request</th>
            <th scope="col" className="wide-only">
              Response
            </th>
            <th scope="col" className="wide-only">
              Assessed
            </th>
            <th scope="col" className="num wide-only">
              Tokens
            </th>
            <th scope="col" className="num wide-only">
              Spans
            </th>
            <th scope="col" className="num">
              Took
            </th>
            <th scope="col" className="num">
              Started
            </th>
          </tr>
        </thead>
        <tbody>
          {traces.map((trace) => (
            <tr key={trace.id}>
              <td className="state-cell">
                <TraceState state={trace.state} />
              </td>
              <td className="strong name">
                <A href={inProject(project, `/traces/${encodeURIComponent(trace.id)}`)}>{trace.name ?? trace.id.slice(0, 11)}</A>
              </td>
              <td className="preview" title={trace.requestPreview ?? undefined}>
                {trace.requestPreview ?? '–'}
              </td>
              <td className="preview wide-only" title={trace.responsePreview ?? undefined}>
                {trace.responsePreview ?? '–'}
              </td>
              <td className="wide-only">
                {trace.assessments
                  .filter(({ isValid }) => isValid)
                  .slice(0, 3)
                  .map(({ id, name, value }) => (
                    <span key={id} className="chip">
                      <span className="elide">
                        {name}: {formatValue(value)}
                      </span>
                    </span>
                  ))}
              </td>
              <td className="num wide-only">{formatValue(tokensOf(trace))}</td>
              <td className="num wide-only">{formatCount(trace.spanCount)}</td>
              <td className="num">{trace.durationMs === null ? '–' : formatDuration(trace.durationMs)}</td>
              <td className="num">
                <Age atMs={trace.startedAtMs} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
