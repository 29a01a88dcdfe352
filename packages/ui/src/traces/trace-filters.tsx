import { useGo, useSearch } from '../app/link.tsx'
import { TypedFilter } from '../ui/list-page.tsx'

const waits = [
  ['', 'Any time'],
  ['1000', '1 s or more'],
  ['10000', '10 s or more'],
  ['60000', '1 min or more'],
] as const

/** What narrows the list; all of it is in the address. A trace's own id goes straight to it. */
export function TraceFilters() {
  const [search, change] = useSearch()
  const go = useGo()
  const narrowed = (['run', 'session', 'experiment'] as const).flatMap((name) => {
    const value = search.get(name)
    return value === null ? [] : [[name, value] as const]
  })
  return (
    <div className="trace-filters" role="search">
      <TypedFilter
        label="Part of a name, an input, an output, an attribute"
        parameter="text"
        onEnter={(text) => /^tr-[0-9a-f]{32}$/.test(text) && go(`/traces/${text}`)}
      />
      <select
        className="button"
        aria-label="State"
        value={search.get('state') ?? ''}
        onChange={({ target }) => change({ state: target.value })}
      >
        <option value="">Any state</option>
        <option value="OK">Completed</option>
        <option value="ERROR">Failed</option>
        <option value="IN_PROGRESS">Running</option>
      </select>
      <select
        className="button"
        aria-label="Took"
        value={search.get('minDurationMs') ?? ''}
        onChange={({ target }) => change({ minDurationMs: target.value })}
      >
        {waits.map(([value, label]) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
      </select>
      <select
        className="button"
        aria-label="Order"
        value={search.get('sort') ?? 'newest'}
        onChange={({ target }) => change({ sort: target.value === 'newest' ? undefined : target.value })}
      >
        <option value="newest">Newest first</option>
        <option value="slowest">Slowest first</option>
      </select>
      {narrowed.map(([name, value]) => (
        <button key={name} type="button" className="chip button small" onClick={() => change({ [name]: undefined })}>
          <span className="elide">
            {name}: {value.slice(0, 12)}
          </span>{' '}
          ✕<span className="visually-hidden">Remove</span>
        </button>
      ))}
    </div>
  )
}
