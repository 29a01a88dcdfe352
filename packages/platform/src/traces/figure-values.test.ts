import fc from 'fast-check'
import { expect, test } from 'vitest'
import { aggregate } from './figure-values.ts'

test('values that occur often count as often, whatever they are', () => {
  const values = fc.array(fc.record({ value: fc.integer({ min: -50, max: 50 }), times: fc.integer({ min: 1, max: 4 }) }), {
    minLength: 1,
    maxLength: 20,
  })
  fc.assert(
    fc.property(values, fc.integer({ min: 0, max: 100 }), (weighted, percent) => {
      const flat = weighted.flatMap(({ value, times }) => Array<number>(times).fill(value)).sort((left, right) => left - right)
      const place = (percent / 100) * (flat.length - 1)
      const [low, high] = [flat[Math.floor(place)]!, flat[Math.ceil(place)]!]
      const sum = flat.reduce((total, value) => total + value, 0)
      const told = aggregate(weighted, ['count', 'sum', 'mean', 'smallest', 'largest', { percentile: percent }])
      const expected = [flat.length, sum, sum / flat.length, flat[0]!, flat.at(-1)!, low + (high - low) * (place % 1)]
      for (const [at, value] of expected.entries()) expect(told[at]).toBeCloseTo(value, 9)
    }),
  )
})

test('where there is nothing only the count is told', () => {
  expect(aggregate([], ['count', 'sum', 'mean', { percentile: 50 }])).toEqual([0, null, null, null])
})
