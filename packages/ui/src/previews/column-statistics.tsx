import { formatCount, formatNumber, formatValue } from '../format/number.ts'
import { readNumber } from '../api/client.ts'
import { type Column, ScrollBox, Table } from '../ui/table.tsx'

interface Histogram {
  counts: readonly number[]
  edges: readonly number[]
}

type Statistics = Readonly<Record<string, unknown>>

const numbers = ['mean', 'std', 'min', '50%', 'max'] as const

/** What was counted of each column when a data set was logged: how its values spread, at a look. */
export function ColumnStatistics({ stats }: { stats: unknown }) {
  if (!Array.isArray(stats) || stats.length === 0) return null
  const columns = stats.filter((each): each is Statistics => typeof each === 'object' && each !== null)
  return (
    <section>
      <h3>Columns</h3>
      <ScrollBox label="Statistics of the columns" className="preview-table">
        <Table columns={statistics} rows={columns} />
      </ScrollBox>
    </section>
  )
}

const statistics: readonly Column<Statistics>[] = [
  { title: 'Column', className: 'strong', cell: (column) => formatValue(column['name']) },
  { title: 'Type', className: 'mono', cell: (column) => formatValue(column['type']) },
  { title: 'Values', cell: (column) => <Spread column={column} /> },
  {
    title: 'Missing',
    className: 'num',
    cellProps: (column) => ({ className: isSome(column['missing']) ? 'failed-text' : undefined }),
    cell: (column) => formatValue(column['missing']),
  },
  { title: 'Different', className: 'num', cell: (column) => formatValue(column['unique']) },
  ...numbers.map((name): Column<Statistics> => ({
    title: name === '50%' ? 'median' : name,
    className: 'num',
    cellProps: (column) => ({ title: formatValue(column[name]) }),
    cell: (column) => shown(column[name]),
  })),
]

const isSome = (value: unknown): boolean => typeof value === 'number' && value > 0

function shown(value: unknown): string {
  const number = readNumber(value)
  return number === undefined ? formatValue(value ?? null) : formatNumber(number)
}

function Spread({ column }: { column: Statistics }) {
  const histogram = histogramOf(column['histogram'])
  if (histogram) return <HistogramPicture {...histogram} />
  if (column['top'] === undefined || column['top'] === null) return <>–</>
  return (
    <span className="muted">
      mostly {formatValue(column['top'])}
      {typeof column['freq'] === 'number' && ` (${formatCount(column['freq'])})`}
    </span>
  )
}

function histogramOf(value: unknown): Histogram | undefined {
  const { counts, edges } = (value ?? {}) as Partial<Histogram>
  const isList = (list: unknown): list is number[] => Array.isArray(list) && list.every((each) => typeof each === 'number')
  return isList(counts) && isList(edges) && counts.length > 0 ? { counts, edges } : undefined
}

const size = { width: 120, height: 22 }

function HistogramPicture({ counts, edges }: Histogram) {
  // Not spread: a histogram may be longer than a call takes arguments.
  const highest = counts.reduce((most, count) => Math.max(most, count), 0)
  const most = Math.max(highest, 1)
  const step = size.width / counts.length
  const from = formatNumber(edges[0] ?? Number.NaN)
  const to = formatNumber(edges.at(-1) ?? Number.NaN)
  const peak = counts.indexOf(highest)
  return (
    <svg
      className="histogram"
      viewBox={`0 0 ${size.width} ${size.height}`}
      {...size}
      role="img"
      aria-label={`From ${from} to ${to}, most between ${formatNumber(edges[peak] ?? Number.NaN)} and ${formatNumber(edges[peak + 1] ?? Number.NaN)}`}
    >
      {counts.map((count, at) => {
        const height = count === 0 ? 0 : Math.max(1, (size.height * count) / most)
        return <rect key={at} x={at * step} y={size.height - height} width={Math.max(1, step - 1)} height={height} />
      })}
    </svg>
  )
}
