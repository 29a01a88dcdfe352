import type { Distribution, JsonValue } from '@trainyard/contract'
import { clamp, type HyperParameter, listedValues, stepCount, stepValue } from '../distributions.ts'

/**
 * One hyper-parameter on the axis where the estimator works: categories by index, logarithmic ones by their logarithm, values in
 * steps as cells half a step to each side.
 */
export type Dimension = CategoricalDimension | NumericDimension

export interface CategoricalDimension {
  kind: 'categorical'
  key: string
  count: number
  /** Index of a value, or `undefined` when it is not among the choices. */
  locate(value: JsonValue | undefined): number | undefined
  value(index: number): JsonValue
}

export interface NumericDimension {
  kind: 'numeric'
  key: string
  /** Where the axis ends. */
  low: number
  high: number
  /** Kernels are at most this wide. */
  width: number
  /** What is believed before the first observation. */
  prior: { mean: number; deviation: number }
  /** Position of a value on the axis, or `undefined` when it is no number. */
  locate(value: JsonValue | undefined): number | undefined
  /** The value at a position, on the grid of steps. */
  value(position: number): JsonValue
  /** Ends of the cell of the value at a position; `undefined` for a continuous axis. */
  cell?: (position: number) => readonly [number, number]
}

export const createDimension = (key: string, hyperParameter: HyperParameter): Dimension => {
  const listed = listedValues(hyperParameter)
  if (listed !== undefined) return categorical(key, listed)
  const distribution = hyperParameter as Exclude<Distribution, { type: 'choice' }>
  switch (distribution.type) {
    case 'normal':
      return gaussian(key, distribution)
    case 'loguniform':
      return numeric(
        key,
        { low: Math.log(distribution.low), high: Math.log(distribution.high) },
        (position) => clamp(Math.exp(position), distribution),
        Math.log,
      )
    case 'uniform':
      return distribution.step === undefined
        ? numeric(
            key,
            distribution,
            (position) => clamp(position, distribution),
            (value) => value,
          )
        : stepped(key, { ...distribution, step: distribution.step })
    case 'int':
      return distribution.log === true
        ? logarithmicInteger(key, distribution)
        : stepped(key, { ...distribution, step: distribution.step ?? 1 })
    default:
      return distribution satisfies never
  }
}

const categorical = (key: string, values: readonly JsonValue[]): CategoricalDimension => {
  const indices = new Map(values.map((value, index) => [JSON.stringify(value), index]))
  return {
    kind: 'categorical',
    key,
    count: values.length,
    locate: (value) => indices.get(JSON.stringify(value)),
    value: (index) => values[index]!,
  }
}

const numeric = (
  key: string,
  { low, high }: { low: number; high: number },
  value: (position: number) => number,
  position: (value: number) => number,
): NumericDimension => ({
  kind: 'numeric',
  key,
  low,
  high,
  width: high - low,
  prior: { mean: (low + high) / 2, deviation: high - low },
  locate: (given) => {
    const at = typeof given === 'number' ? position(given) : Number.NaN
    return Number.isNaN(at) ? undefined : clamp(at, { low, high })
  },
  value,
})

/** Eight deviations to each side hold everything that is ever drawn; kernels stay within the middle three. */
const gaussian = (key: string, { mean, std }: { mean: number; std: number }): NumericDimension => ({
  ...numeric(
    key,
    { low: mean - 8 * std, high: mean + 8 * std },
    (position) => position,
    (value) => value,
  ),
  width: 6 * std,
  prior: { mean, deviation: std },
})

const stepped = (key: string, { low, high, step }: { low: number; high: number; step: number }): NumericDimension => {
  const last = stepCount(low, high, step)
  const index = (position: number) => Math.min(last, Math.max(0, Math.round((position - low) / step)))
  const ends = { low: low - step / 2, high: low + (last + 0.5) * step }
  return {
    ...numeric(
      key,
      ends,
      (position) => stepValue(low, step, index(position)),
      (value) => value,
    ),
    cell: (position) => [low + (index(position) - 0.5) * step, low + (index(position) + 0.5) * step],
  }
}

const logarithmicInteger = (key: string, { low, high }: { low: number; high: number }): NumericDimension => {
  const whole = (position: number) => clamp(Math.round(Math.exp(position)), { low, high })
  return {
    ...numeric(key, { low: Math.log(low - 0.5), high: Math.log(high + 0.5) }, whole, Math.log),
    cell: (position) => [Math.log(whole(position) - 0.5), Math.log(whole(position) + 0.5)],
  }
}
