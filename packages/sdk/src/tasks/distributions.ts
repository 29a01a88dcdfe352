import type { Distribution } from '@trainyard/contract'

/** Any of the values; lists may also be given as they are. */
export const choice = (values: readonly unknown[]): Distribution => ({ type: 'choice', values: [...values] })

/** Real numbers, or every `step` from `low` on. */
export const uniform = (low: number, high: number, options: { step?: number } = {}): Distribution => ({
  type: 'uniform',
  low,
  high,
  ...options,
})

/** Real numbers whose logarithm is uniform; both ends above zero. */
export const logUniform = (low: number, high: number): Distribution => ({ type: 'loguniform', low, high })

/** Whole numbers, both ends included. */
export const integer = (low: number, high: number, options: { step?: number; log?: boolean } = {}): Distribution => ({
  type: 'int',
  low,
  high,
  ...options,
})

export const normal = (mean: number, std: number): Distribution => ({ type: 'normal', mean, std })
