import { parseColumns, printColumns } from '../runs/columns.ts'
import { useSearch } from '../app/link.tsx'
import type { BandKind } from './bands.ts'
import type { XKind } from './chart-data.ts'

export interface ChartView {
  x: XKind
  isLog: boolean
  isLogX: boolean
  smoothing: number
  zoom: { from: number; to: number } | undefined
  band: BandKind
  /** Charts that come first, and those that are not wanted, by name. */
  pinned: readonly string[]
  hidden: readonly string[]
  /** Charts side by side; undefined: as many as fit. */
  perRow: number | undefined
}

export type ChangeView = (values: Record<string, string | undefined>) => void

/** How the charts of a page are drawn and laid out; all of it stands in the address, and so in a saved view. */
export function useChartView(): [ChartView, ChangeView] {
  const [search, change] = useSearch()
  const range = /^(-?[\d.e+]+)\.\.(-?[\d.e+]+)$/.exec(search.get('x') ?? '')
  const axis = search.get('axis')
  const logs = search.get('log')
  const perRow = Number(search.get('wide') ?? 0)
  const view: ChartView = {
    x: axis === 'relative' || axis === 'wall' ? axis : 'step',
    isLog: logs === 'true' || logs === 'xy',
    isLogX: logs === 'x' || logs === 'xy',
    smoothing: Number(search.get('smooth') ?? 0) || 0,
    zoom: range ? { from: Number(range[1]), to: Number(range[2]) } : undefined,
    band: search.get('band') === 'quartiles' ? 'quartiles' : 'range',
    pinned: readNames(search.get('pin')),
    hidden: readNames(search.get('hide')),
    perRow: perRow >= 1 && perRow <= 4 ? perRow : undefined,
  }
  return [view, change]
}

export const logOf = (isLog: boolean, isLogX: boolean): string | undefined =>
  isLog ? (isLogX ? 'xy' : 'true') : isLogX ? 'x' : undefined

export const zoomText = (zoom: ChartView['zoom']): string | undefined =>
  zoom && `${Number(zoom.from.toPrecision(10))}..${Number(zoom.to.toPrecision(10))}`

/** Names may hold any letter: they are written as metrics are elsewhere in the address. */
const readNames = (text: string | null): string[] => parseColumns(text ?? '').map(({ name }) => name)
export const printNames = (names: readonly string[]): string | undefined =>
  names.length === 0 ? undefined : printColumns(names.map((name) => ({ scope: 'metrics', name })))
