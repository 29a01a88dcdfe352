import { useQuery } from '@tanstack/react-query'
import { type TableScope, windowQuery } from '../api/queries.ts'
import { formatCount } from '../format/number.ts'
import { StartHere } from '../home/start-here.tsx'
import { type KnownKeys, problemOf, unknownField } from './filter-text.ts'

/** A table of runs without rows: how to begin, or why the filter finds none and which one would. */
export function NoRuns(props: {
  scope: TableScope
  keys: KnownKeys
  onFilter: (filter: string) => void
  /** Asks for iterations and nested runs as rows. */
  onBelow: () => void
  onClear: () => void
}) {
  const { scope, keys, onFilter, onBelow, onClear } = props
  const { filter = '', project } = scope
  const below = useBelow(scope)
  if (filter === '') return <StartHere project={project} />
  const unknown = problemOf(filter) ? undefined : unknownField(filter, keys)
  const { near, mended } = unknown ?? {}
  return (
    <div className="empty" role="status">
      <h2>No run {below && 'of its own '}matches</h2>
      <p>
        <code>{filter}</code> finds nothing{below && ` but ${below.text}`}
        {project === undefined ? '' : ` in ${project}`}.
      </p>
      {unknown && (
        <p>
          <code>{unknown.name}</code> is not a {unknown.what} here.
          {near !== undefined && (
            <>
              {' '}
              Did you mean <code>{near}</code>?
            </>
          )}
        </p>
      )}
      {below && (
        <button type="button" className="button accent" onClick={onBelow}>
          Show {below.total === 1 ? 'it' : 'them'}
        </button>
      )}
      {near !== undefined && mended !== undefined && mended !== filter && (
        <button type="button" className="button accent" onClick={() => onFilter(mended)}>
          Filter by {near}
        </button>
      )}{' '}
      <button type="button" className="button" onClick={onClear}>
        Clear the filter
      </button>
    </div>
  )
}

/** What of those that lie below other runs the filter finds; undefined when nothing, or when they are rows already. */
function useBelow(scope: TableScope): { total: number; text: string } | undefined {
  const { data, isPlaceholderData } = useQuery({
    ...windowQuery({ project: scope.project, filter: scope.filter, iterations: true }, '', 100),
    enabled: scope.filter !== undefined && scope.iterations !== true,
  })
  if (!data || isPlaceholderData || data.total === 0) return undefined
  const { total, rows } = data
  const [one, many] = rows.every(({ kind }) => kind === 'iteration')
    ? ['iteration', 'iterations']
    : ['iteration or nested run', 'iterations or nested runs']
  return { total, text: `${formatCount(total)} ${total === 1 ? one : many}` }
}
