import { useQuery } from '@tanstack/react-query'
import { parseRunSort, printRunField, type RunField } from '@trainyard/contract'
import { lazy, memo, Suspense, useCallback, useMemo, useRef, useState } from 'react'
import { countsQuery, keysQuery, type TableScope } from '../api/queries.ts'
import type { RunRow, TableKeys } from '../api/types.ts'
import { Refusal } from '../app/error-page.tsx'
import { useKeys } from '../app/keys.ts'
import { A, useGo, useSearch } from '../app/link.tsx'
import { inProject, useProject } from '../app/project.ts'
import { formatCount } from '../format/number.ts'
import { timeZoneName } from '../format/time.ts'
import { movedBefore, printColumns } from './columns.ts'
import { ColumnPicker } from './column-picker.tsx'
import type { KnownKeys } from './filter-text.ts'
import { ExportButton } from './export-button.tsx'
import { FilterBox } from './filter-box.tsx'
import { GroupChoice, GroupTable } from './group-table.tsx'
import { NoRuns } from './no-runs.tsx'
import { isParent } from './run-table-row.tsx'
import { RunTable, type Sort } from './run-table.tsx'
import { readSort } from './sort-text.ts'
import { SavedViews } from './saved-views.tsx'
import { SelectionBar } from './selection-bar.tsx'
import { useExpandedRows } from './use-expanded.ts'
import { useOutlines } from './use-outlines.ts'
import { useColumnFacts, useColumns } from './use-run-columns.ts'
import { useRunRows } from './use-run-rows.ts'
import { useRowPlace } from './use-row-place.ts'
import { type Selection, useSelection } from './use-selection.ts'

/** What draws is fetched when somebody asks for curves: the table does without. */
const RunCharts = lazy(async () => ({ default: (await import('../charts/run-charts.tsx')).RunCharts }))

const views = [
  ['All', ''],
  ['Running', 'state in (running, pending, aborting)'],
  ['Failed, 24 h', "state = failed and created > '24h'"],
  ['Sweeps', 'kind = sweep'],
] as const

const countOfRuns = (count: number): string => `${formatCount(count)} ${count === 1 ? 'run' : 'runs'}`

export function RunsPage() {
  const project = useProject()
  const [search, change] = useSearch()
  const filter = search.get('filter') ?? ''
  const isFlat = search.get('flat') === 'true'
  const group = search.get('group') ?? undefined
  const shows = search.get('show') === 'charts' ? 'charts' : group === undefined ? 'rows' : 'groups'
  const scope = useMemo(
    (): TableScope => ({ project, filter: filter || undefined, iterations: isFlat }),
    [project, filter, isFlat],
  )
  // Whatever the filter: columns that change with it would move under somebody's eyes.
  const { data: keys } = useQuery(keysQuery({ project, iterations: isFlat }))
  const { columns, pinned, pinnedCount, curve } = useColumns(search, keys)
  const written = printColumns(columns)
  const sort = readSort(search.get('sort') ?? '')
  const sorted = useMemo((): TableScope => ({ ...scope, sort: sort || undefined }), [scope, sort])
  const [view, setView] = useView()
  const isReady = search.has('columns') || keys !== undefined
  const rows = useRunRows(sorted, written, view, isReady)
  const tree = useExpandedRows(rows, sorted, written)
  const facts = useColumnFacts(columns, keys, rows.first, tree.blocks)
  const visible = useMemo(() => {
    const found: RunRow[] = []
    for (let index = view.first; index <= view.last; index++) {
      const row = tree.rowAt(index)
      if (row) found.push(row)
    }
    return found
  }, [view, tree])
  const outlines = useOutlines(curve, visible)
  const selection = useSelection(tree.rowAt)
  const [current, setCurrent] = useState(-1)
  const [isTyping, setTyping] = useState(false)
  const input = useRef<HTMLInputElement>(null)
  const names = useMemo(() => knownKeys(keys), [keys])
  const setFilter = useCallback((text: string) => change({ filter: text }), [change])
  const setCurve = useCallback((metric: string) => change({ curve: metric }), [change])
  const setGroup = useCallback((field: string | undefined) => change({ group: field }, { push: true }), [change])
  const setColumns = useCallback(
    (next: RunField[] | undefined) => change({ columns: next && (next.length === 0 ? 'none' : printColumns(next)) }),
    [change],
  )
  const pin = useCallback(
    (field: string) => {
      const next = pinned.has(field) ? [...pinned].filter((each) => each !== field) : [...pinned, field]
      change({ pinned: next.join(',') || undefined })
    },
    [pinned, change],
  )
  const move = useCallback(
    (moved: string, before: string | undefined) => setColumns(movedBefore(columns, moved, before)),
    [columns, setColumns],
  )
  const go = useGo()
  const leaveFrom = useRowPlace(rows, setCurrent)
  useRunKeys({ input, current, setCurrent, leaveFrom, tree, selection, rows, change, isFlat, shows })
  return (
    <>
      <Head project={project} filter={filter} rows={rows} selection={selection} />
      <div className="toolbar">
        <FilterBox value={filter} onChange={setFilter} onTyping={setTyping} keys={names} facts={keys} input={input} />
        <span className="matching muted" aria-live="polite">
          {rows.total === undefined ? '' : countOfRuns(rows.total)}
        </span>
        <ColumnPicker
          columns={columns}
          pinned={pinned}
          keys={names}
          facts={keys?.facts ?? noFacts}
          onChange={setColumns}
          onPin={pin}
        />
        <ExportButton scope={sorted} columns={columns} chosen={selection.rows} />
        <GroupChoice value={group} keys={keys} onChange={setGroup} />
        <button
          type="button"
          className="button"
          aria-pressed={isFlat}
          title="Iterations of sweeps, and nested runs, as rows of their own"
          onClick={() => change({ flat: isFlat ? undefined : 'true' })}
        >
          Iterations <kbd>i</kbd>
        </button>
        <button
          type="button"
          className="button"
          aria-pressed={shows === 'charts'}
          title="The curves of these runs"
          onClick={() => change({ show: shows === 'charts' ? undefined : 'charts' }, { push: true })}
        >
          Charts <kbd>v</kbd>
        </button>
        {shows === 'rows' && <CurveChoice metrics={names.metrics} curve={curve} onChange={setCurve} />}
      </div>
      {rows.error && <Refusal error={rows.error} />}
      {rows.error && sort !== '' && (
        <div className="page-body">
          <button type="button" className="button" onClick={() => change({ sort: undefined })}>
            Without this order
          </button>
        </div>
      )}
      {shows === 'charts' && (
        <div className="page-body">
          <Suspense fallback={null}>
            <RunCharts scope={group === 'parent' ? { ...sorted, iterations: true } : sorted} group={group} />
          </Suspense>
        </div>
      )}
      {shows === 'groups' && group !== undefined && <GroupTable scope={scope} by={group} columns={columns} />}
      {shows === 'rows' && (
        <RunTable
          total={tree.total}
          rowAt={tree.rowAt}
          columns={columns}
          pinnedCount={pinnedCount}
          onMove={move}
          facts={facts}
          curve={curve}
          outlines={outlines}
          sort={sortOf(sort)}
          onSort={(next) => change({ sort: next && `${next.field} ${next.direction}` })}
          selected={selection.ids}
          onSelect={selection.toggle}
          current={current}
          onCurrent={setCurrent}
          onView={setView}
          onLeave={leaveFrom}
          expanded={tree.expanded}
          onExpand={tree.toggle}
          isOld={rows.isOld || isTyping}
          empty={
            rows.total === undefined ? null : (
              <NoRuns
                scope={scope}
                keys={names}
                onFilter={setFilter}
                onBelow={() => change({ flat: 'true' })}
                onClear={() => go(inProject(project, '/runs'))}
              />
            )
          }
        />
      )}
      <footer className="foot">
        <span>{rows.total === undefined ? '' : countOfRuns(rows.total)}</span>
        <span className="wide-only">
          {shows === 'charts' ? (
            <>
              <kbd>v</kbd> back to the table
            </>
          ) : (
            <>
              <kbd>j</kbd> <kbd>k</kbd> move · <kbd>x</kbd> choose · <kbd>→</kbd> open iterations · <kbd>↵</kbd> open ·{' '}
              <kbd>v</kbd> charts
            </>
          )}{' '}
          · <kbd>/</kbd> filter · <kbd>?</kbd> all keys
        </span>
        <span className="right">Times in {timeZoneName()}</span>
      </footer>
    </>
  )
}

function Head({
  project,
  filter,
  rows,
  selection,
}: {
  project: string | undefined
  filter: string
  rows: ReturnType<typeof useRunRows>
  selection: Selection
}) {
  const { data: counts } = useQuery({ ...countsQuery(project), enabled: rows.total !== undefined })
  const numbers = [undefined, counts?.running, counts?.failed, counts?.sweeps]
  return (
    <>
      <div className="page-head">
        <h1>Runs</h1>
        <span className="facts">
          {project ?? 'all projects'}
          {counts && ` · ${countOfRuns(counts.runs)}`}
        </span>
        <div className="actions">
          <SelectionBar selection={selection} />
        </div>
      </div>
      <nav className="tabs" aria-label="Views">
        {views.map(([label, text], at) => (
          <A
            key={label}
            href={`${inProject(project, '/runs')}${text === '' ? '' : `?filter=${encodeURIComponent(text)}`}`}
            aria-current={filter === text ? 'page' : undefined}
          >
            {label} {numbers[at] === undefined ? '' : formatCount(numbers[at])}
          </A>
        ))}
        <SavedViews project={project} />
        <span className="grow" />
        {rows.newCount > 0 && (
          <button type="button" className="button accent small" onClick={rows.showNew}>
            {formatCount(rows.newCount)} new {rows.newCount === 1 ? 'run' : 'runs'} – show <kbd>r</kbd>
          </button>
        )}
      </nav>
    </>
  )
}

/** Hundreds of choices, made anew only when they are others: the page around them is drawn with every few rows scrolled. */
const CurveChoice = memo(function CurveChoice({
  metrics,
  curve,
  onChange,
}: {
  metrics: readonly string[]
  curve: string | undefined
  onChange: (metric: string) => void
}) {
  return (
    <select
      className="button"
      aria-label="Outline of a metric in each row"
      title="Outline of a metric in each row"
      value={curve ?? ''}
      onChange={(event) => onChange(event.target.value === '' ? 'none' : event.target.value)}
    >
      <option value="">No curve</option>
      {metrics.slice(0, 500).map((name) => (
        <option key={name} value={name}>
          ~ {name}
        </option>
      ))}
    </select>
  )
})

const viewStep = 20

/** The rows in view, to the next twenty: scrolling by one row asks for nothing and draws nothing but that row. */
function useView() {
  const [view, setView] = useState({ first: 0, last: 3 * viewStep })
  const change = useCallback(({ first, last }: { first: number; last: number }) => {
    const start = Math.floor(first / viewStep) * viewStep
    // Both ends move together: each move draws the page.
    const next = { first: start, last: start + (Math.ceil((last - first + 1) / viewStep) + 1) * viewStep }
    setView((before) => (before.first === next.first && before.last === next.last ? before : next))
  }, [])
  return [view, change] as const
}

const noFacts: TableKeys['facts'] = []

function knownKeys(keys: TableKeys | undefined): KnownKeys {
  const ofScope = (scope: string): string[] => (keys?.keys ?? []).flatMap((key) => (key.scope === scope ? [key.name] : []))
  return { metrics: ofScope('metrics'), params: ofScope('params'), labels: ofScope('labels') }
}

function sortOf(text: string): Sort | undefined {
  if (text === '') return undefined
  try {
    const [first] = parseRunSort(text)
    return first && { field: printRunField(first.field), direction: first.direction === 'ascending' ? 'asc' : 'desc' }
  } catch {
    return undefined
  }
}

function useRunKeys(options: {
  input: { current: HTMLInputElement | null }
  current: number
  setCurrent: (index: number) => void
  leaveFrom: (row: RunRow) => void
  tree: ReturnType<typeof useExpandedRows>
  selection: Selection
  rows: ReturnType<typeof useRunRows>
  change: (values: Record<string, string | undefined>) => void
  isFlat: boolean
  shows: 'charts' | 'groups' | 'rows'
}): void {
  const { input, current, setCurrent, leaveFrom, tree, selection, rows, change, isFlat, shows } = options
  const go = useGo()
  const row = tree.rowAt(current)
  const move = (by: number) => () => setCurrent(Math.max(0, Math.min(tree.total - 1, current + by)))
  const isTable = (): boolean => shows === 'rows'
  const hasRow = (): boolean => isTable() && row !== undefined
  const choose = {
    label: 'choose the run',
    run: () => row && selection.toggle(row, { until: false, index: current }),
    isOn: hasRow,
  }
  useKeys('Table of runs', {
    '/': { label: 'filter', run: () => input.current?.focus() },
    j: { label: 'down', run: move(1), isOn: isTable },
    k: { label: 'up', run: move(-1), isOn: isTable },
    ArrowDown: { label: 'down', run: move(1), isOn: isTable },
    ArrowUp: { label: 'up', run: move(-1), isOn: isTable },
    Enter: {
      label: 'open the run',
      run: () => {
        if (!row) return
        leaveFrom(row)
        go(`/runs/${row.id}`)
      },
      isOn: isTable,
    },
    x: choose,
    Space: choose,
    ArrowRight: {
      label: 'open the iterations of a sweep, or nested runs',
      run: () => row && isParent(row) && !tree.expanded.has(row.id) && tree.toggle(row, current),
      isOn: isTable,
    },
    ArrowLeft: { label: 'fold them', run: () => row && tree.expanded.has(row.id) && tree.toggle(row, current), isOn: isTable },
    c: {
      label: 'compare what is chosen',
      run: () => go(`/compare?runs=${[...selection.ids].join(',')}`),
      isOn: () => selection.ids.size > 1,
    },
    r: { label: 'show new runs', run: () => rows.showNew(), isOn: () => rows.newCount > 0 },
    v: {
      label: 'the curves of these runs, or the table',
      run: () => change({ show: shows === 'charts' ? undefined : 'charts' }),
    },
    i: { label: 'iterations as rows, or not', run: () => change({ flat: isFlat ? undefined : 'true' }) },
    Escape: { label: 'choose nothing', run: () => selection.clear(), isOn: () => selection.ids.size > 0 },
  })
}
