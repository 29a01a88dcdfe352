import type { JsonValue } from '@trainyard/contract'
import type { Sampler } from './sampler.ts'

/** Every combination, in the order of the keys as given; the last key changes fastest. */
export const createGridSampler = (lists: Readonly<Record<string, readonly JsonValue[]>>): Sampler => {
  const entries = Object.entries(lists)
  return {
    size: entries.reduce((product, [, values]) => product * values.length, 1),
    propose: (iteration) => {
      let rest = iteration - 1
      const picked = entries.toReversed().map(([key, values]): [string, JsonValue] => {
        const value = values[rest % values.length]!
        rest = Math.floor(rest / values.length)
        return [key, value]
      })
      return Object.fromEntries(picked.toReversed())
    },
  }
}
