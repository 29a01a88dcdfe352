import fc from 'fast-check'
import { expect, test } from 'vitest'
import { correlation } from './trace-correlation.ts'

test('what is always together is 1, never together -1, independent 0', () => {
  expect(correlation({ first: 5, second: 5, both: 5, total: 5 })).toEqual({ plain: 1, smoothed: 1 })
  expect(correlation({ first: 5, second: 5, both: 5, total: 10 }).plain).toBeCloseTo(1, 9)
  expect(correlation({ first: 5, second: 5, both: 0, total: 10 }).plain).toBe(-1)
  expect(correlation({ first: 50, second: 50, both: 25, total: 100 }).plain).toBeCloseTo(0, 9)
})

test('nothing is told where one of them is empty', () => {
  for (const overlap of [
    { first: 0, second: 5, both: 0, total: 10 },
    { first: 5, second: 0, both: 0, total: 10 },
    { first: 0, second: 0, both: 0, total: 0 },
  ])
    expect(correlation(overlap)).toEqual({ plain: Number.NaN, smoothed: Number.NaN })
})

test('it lies between -1 and 1 and does not depend on which is named first', () => {
  const cells = fc.tuple(fc.nat(50), fc.nat(50), fc.nat(50), fc.nat(50))
  fc.assert(
    fc.property(cells, ([both, first, second, neither]) => {
      const overlap = { first: both + first, second: both + second, both, total: both + first + second + neither }
      const told = correlation(overlap)
      const turned = correlation({ ...overlap, first: overlap.second, second: overlap.first })
      for (const key of ['plain', 'smoothed'] as const) {
        if (Number.isNaN(told[key])) expect(turned[key]).toBeNaN()
        else {
          expect(Math.abs(told[key])).toBeLessThanOrEqual(1)
          expect(turned[key]).toBeCloseTo(told[key], 9)
        }
      }
    }),
  )
})
