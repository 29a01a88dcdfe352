import { printRunField, type RunField } from '@trainyard/contract'
import { useMemo } from 'react'
import { readNumber } from '../api/client.ts'
import type { RunRow, TableKeys } from '../api/types.ts'
import { goalMetric } from '../format/goal.ts'
import { chooseColumns, decimalsOf, parseColumns, pinnedFirst } from './columns.ts'
import type { ColumnFacts } from './run-table-row.tsx'

/** The columns that the address names, else those that the runs ask for. */
export function useColumns(
  search: URLSearchParams,
  keys: TableKeys | undefined,
): { columns: readonly RunField[]; pinned: ReadonlySet<string>; pinnedCount: number; curve: string | undefined } {
  const written = search.get('columns')
  const asked = search.get('curve')
  const fixed = search.get('pinned') ?? ''
  const pinned = useMemo(() => new Set(parseColumns(fixed).map(printRunField)), [fixed])
  return useMemo(() => {
    const curves = new Set(
      keys?.facts.flatMap(({ scope, name, pointCount }) => (scope === 'metrics' && pointCount > 2 ? [name] : [])),
    )
    const goal = goalMetric(keys, (name) => curves.has(name))
    const curve = asked === 'none' ? undefined : (asked ?? undefined)
    const room = innerWidth > 1100 ? innerWidth - 188 - 700 : innerWidth - 48 - 585
    const chosen = written === null ? (keys ? chooseColumns(keys, room) : []) : parseColumns(written === 'none' ? '' : written)
    // A metric with one point per run has no outline worth a column, so it is drawn only when somebody asks, or the width is there.
    return { ...pinnedFirst(chosen, pinned), pinned, curve: asked === null && innerWidth > 1100 ? goal : curve }
  }, [written, asked, keys, pinned])
}

/** Decimals from the rows first shown and what was opened below rows, so that nothing changes width while scrolling. */
export function useColumnFacts(
  columns: readonly RunField[],
  keys: TableKeys | undefined,
  first: readonly RunRow[],
  opened: readonly (readonly RunRow[])[],
): ReadonlyMap<string, ColumnFacts> {
  return useMemo(() => {
    const goal = columns.find((field) => field.scope === 'metrics')
    return new Map(
      columns.map((field, at) => {
        const blocks = [first, ...opened].map((rows) => numbersAt(rows, at))
        const values = blocks.flat()
        const known = keys?.facts.find(({ scope, name }) => scope === field.scope && name === field.name)
        const low = known?.min ?? Math.min(...values)
        const high = known?.max ?? Math.max(...values)
        return [printRunField(field), { decimals: decimalsOf(blocks, known), low, high, isGoal: field === goal }]
      }),
    )
  }, [columns, keys, first, opened])
}

const numbersAt = (rows: readonly RunRow[], at: number): number[] =>
  rows.flatMap((row) => readNumber(row.values[at]) ?? []).filter((value) => Number.isFinite(value))
