import { AppError, type Distribution, type JsonValue } from '@trainyard/contract'
import type { Random } from './random.ts'

/** What one hyper-parameter may be: a list of values, or a distribution. */
export type HyperParameter = readonly JsonValue[] | Distribution

export const isList = (hyperParameter: HyperParameter): hyperParameter is readonly JsonValue[] => Array.isArray(hyperParameter)

/** The values of a list or of `choice(…)`; `undefined` for a distribution over numbers. */
export const listedValues = (hyperParameter: HyperParameter): readonly JsonValue[] | undefined => {
  if (isList(hyperParameter)) return hyperParameter
  return hyperParameter.type === 'choice' ? (hyperParameter.values as JsonValue[]) : undefined
}

/** More than any draw or sampler goes away from a mean. */
const farthestDeviations = 100

/** Refuses bounds that make no sense, naming the key. */
export const checkHyperParameter = (key: string, hyperParameter: HyperParameter): void => {
  const refuse = (sentence: string): never => {
    throw new AppError('invalid_argument', `Hyper-parameter ${key}: ${sentence}.`, { details: { key } })
  }
  const listed = listedValues(hyperParameter)
  if (listed !== undefined) {
    if (listed.length === 0) refuse('the list is empty; give at least one value')
    return
  }
  const distribution = hyperParameter as Exclude<Distribution, { type: 'choice' }>
  if (distribution.type === 'normal') {
    if (!Number.isFinite(distribution.mean)) refuse('the mean must be a finite number')
    if (!(distribution.std > 0 && Number.isFinite(distribution.std)))
      refuse('the standard deviation must be a finite number above 0')
    if (!Number.isFinite(Math.abs(distribution.mean) + farthestDeviations * distribution.std))
      refuse('values this far from 0 would be infinite; take a smaller mean or standard deviation')
    return
  }
  const { low, high } = distribution
  if (!Number.isFinite(low) || !Number.isFinite(high)) refuse('both bounds must be finite numbers')
  if (low > high) refuse(`the lower bound ${low} is above the upper bound ${high}`)
  if (!Number.isFinite(high - low)) refuse('the bounds are too far apart')
  if (distribution.type === 'loguniform' && low <= 0) refuse(`the lower bound of loguniform must be above 0, not ${low}`)
  if (distribution.type === 'int') {
    if (!Number.isSafeInteger(low) || !Number.isSafeInteger(high)) refuse('the bounds of int must be whole numbers up to 2^53')
    if (distribution.log === true && low < 1) refuse(`the lower bound of a logarithmic int must be at least 1, not ${low}`)
    if (distribution.log === true && (distribution.step ?? 1) !== 1) refuse('a logarithmic int takes no step')
  }
  if ('step' in distribution && distribution.step !== undefined) {
    const whole = distribution.type === 'uniform' || Number.isInteger(distribution.step)
    if (!(distribution.step > 0) || !Number.isFinite(distribution.step) || !whole)
      refuse(`the step ${distribution.step} does not fit`)
    if (stepCount(low, high, distribution.step) > Number.MAX_SAFE_INTEGER)
      refuse(`the step ${distribution.step} is too small: more than 2^53 values lie between the bounds`)
  }
}

/** `low + index * step` without the noise of binary fractions: 0.3, not 0.30000000000000004. */
export const stepValue = (low: number, step: number, index: number): number => Number((low + index * step).toPrecision(15))

/** Number of steps above `low`; the last one may lie a rounding error above `high`. */
export const stepCount = (low: number, high: number, step: number): number => Math.floor((high - low) / step + 1e-9)

/** Draws one value. */
export const sampleHyperParameter = (hyperParameter: HyperParameter, random: Random): JsonValue => {
  const listed = listedValues(hyperParameter)
  if (listed !== undefined) return listed[random.index(listed.length)]!
  const distribution = hyperParameter as Exclude<Distribution, { type: 'choice' }>
  switch (distribution.type) {
    case 'normal':
      return distribution.mean + distribution.std * random.normal()
    case 'loguniform':
      return clamp(Math.exp(between(Math.log(distribution.low), Math.log(distribution.high), random)), distribution)
    case 'uniform': {
      const { low, high, step } = distribution
      return step === undefined ? between(low, high, random) : stepValue(low, step, random.index(stepCount(low, high, step) + 1))
    }
    case 'int': {
      const { low, high, step = 1, log = false } = distribution
      if (log) return clamp(Math.round(Math.exp(between(Math.log(low - 0.5), Math.log(high + 0.5), random))), distribution)
      return low + step * random.index(Math.floor((high - low) / step) + 1)
    }
    default:
      return distribution satisfies never
  }
}

const between = (low: number, high: number, random: Random): number => Math.min(high, low + (high - low) * random.next())
export const clamp = (value: number, { low, high }: { low: number; high: number }): number => Math.min(high, Math.max(low, value))

/** As it is typed on the command line: `loguniform(0.0001, 0.1)`, `[1,2,3]`. */
export const printHyperParameter = (hyperParameter: HyperParameter): string => {
  if (isList(hyperParameter)) return JSON.stringify(hyperParameter)
  switch (hyperParameter.type) {
    case 'choice':
      return `choice(${hyperParameter.values.map((value) => JSON.stringify(value)).join(', ')})`
    case 'normal':
      return `normal(${hyperParameter.mean}, ${hyperParameter.std})`
    case 'loguniform':
      return `loguniform(${hyperParameter.low}, ${hyperParameter.high})`
    case 'uniform':
    case 'int': {
      const { type, low, high, step } = hyperParameter
      const extras = [...(step === undefined ? [] : [`step=${step}`]), ...(type === 'int' && hyperParameter.log ? ['log'] : [])]
      return `${type}(${[low, high, ...extras].join(', ')})`
    }
    default:
      return hyperParameter satisfies never
  }
}
