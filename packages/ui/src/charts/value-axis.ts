import type { RunRecord } from '../api/types.ts'
import { formatNumber } from '../format/number.ts'
import { type Goal, valueOf } from '../run/sweep-facts.ts'

/** Where runs stand between the lowest and the highest of what they have of something. */
export interface ValueAxis {
  name: string
  /** From 0 at the low end to 1 at the high end; undefined when the run has no place on it. */
  place(run: RunRecord): number | undefined
  ticks: { at: number; text: string }[]
  /** Its values have names and no numbers. */
  isText: boolean
}

export const goalAxis = (runs: readonly RunRecord[], { metric }: Goal): ValueAxis =>
  numberAxis(
    metric,
    runs.map((run) => valueOf(run, metric)).filter((value) => Number.isFinite(value)),
    (run) => valueOf(run, metric),
    false,
  )

export function parameterAxis(runs: readonly RunRecord[], name: string): ValueAxis {
  const values = runs.map((run) => run.parameters[name]).filter((value) => value !== undefined)
  if (values.every((value) => typeof value === 'number')) {
    const low = Math.min(...values)
    // Searched over decades: the steps between are as wide as they were for the search.
    const isLog = low > 0 && Math.max(...values) / low >= 50
    const read = (run: RunRecord): number => {
      const value = run.parameters[name]
      return typeof value === 'number' ? value : Number.NaN
    }
    return numberAxis(name, values, read, isLog)
  }
  const textOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))
  const texts = [...new Set(values.map(textOf))].toSorted()
  const places = new Map(texts.map((text, at) => [text, texts.length === 1 ? 0.5 : at / (texts.length - 1)]))
  return {
    name,
    isText: true,
    place: (run) => {
      const value = run.parameters[name]
      return value === undefined ? undefined : places.get(textOf(value))
    },
    ticks: texts.slice(0, 12).map((text) => ({ at: places.get(text)!, text: text.length > 12 ? `${text.slice(0, 11)}…` : text })),
  }
}

function numberAxis(name: string, values: readonly number[], read: (run: RunRecord) => number, isLog: boolean): ValueAxis {
  const low = values.reduce((before, value) => Math.min(before, value), Infinity)
  const high = values.reduce((before, value) => Math.max(before, value), -Infinity)
  const scale = (value: number): number => (isLog ? Math.log(value) : value)
  const back = (value: number): number => (isLog ? Math.exp(value) : value)
  const span = scale(high) - scale(low)
  const written = (value: number): string => formatNumber(Number(value.toPrecision(3)))
  // One value everywhere stands in the middle of an axis that claims no others.
  const ticks = values.length === 0 ? [] : span === 0 ? [0.5] : [0, 0.25, 0.5, 0.75, 1]
  return {
    name: isLog ? `${name} (log)` : name,
    isText: false,
    place: (run) => {
      const value = read(run)
      return Number.isFinite(value) ? (span === 0 ? 0.5 : (scale(value) - scale(low)) / span) : undefined
    },
    ticks: ticks.map((at) => ({ at, text: written(back(scale(low) + at * span)) })),
  }
}
