import { xText } from './chart-axes.ts'
import type { Line, OddPoint, XKind } from './chart-data.ts'

const words = { nan: 'NaN', above: '+∞', below: '−∞' } as const

/** Which line is not a number and where: `diverged train: NaN at step 120`, `from` when none of its values is one any more. */
export function oddNote(odd: readonly OddPoint[], lines: readonly Pick<Line, 'label' | 'values'>[], x: XKind): string {
  const byLine = Map.groupBy(odd, ({ line }) => line)
  const [first] = byLine
  if (!first) return ''
  const [index, points] = first
  const { label, values } = lines[index]!
  const isToEnd = points.length > 1 && values.slice(-points.length).every((value) => !Number.isFinite(value))
  const place = `${x === 'step' ? 'step ' : ''}${xText(points[0]!.x, x)}`
  const more = points.length > 1 && !isToEnd ? ` and ${points.length - 1} more` : ''
  const others = byLine.size === 1 ? '' : `; in ${byLine.size - 1} more ${byLine.size === 2 ? 'line' : 'lines'}`
  return `${label}: ${words[points[0]!.kind]} ${isToEnd ? 'from' : 'at'} ${place}${more}${others}`
}
