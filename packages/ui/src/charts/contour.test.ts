import fc from 'fast-check'
import { expect, it } from 'vitest'
import { surfaceOf, valueAt } from './contour.ts'

const share = fc.double({ min: 0, max: 1, noNaN: true })
const spots = fc.array(fc.record({ x: share, y: share, value: share }), { minLength: 1, maxLength: 20 })

it('a surface stays between the lowest and the highest of the runs', () => {
  fc.assert(
    fc.property(spots, (given) => {
      const values = given.map(({ value }) => value)
      for (const cell of surfaceOf(given, 5)) {
        expect(cell).toBeGreaterThanOrEqual(Math.min(...values) - 1e-6)
        expect(cell).toBeLessThanOrEqual(Math.max(...values) + 1e-6)
      }
    }),
  )
})

it('it goes through every run', () => {
  const given = [
    { x: 0.1, y: 0.2, value: 0.3 },
    { x: 0.9, y: 0.8, value: 1 },
  ]
  for (const { x, y, value } of given) expect(valueAt(given, x, y)).toBe(value)
  expect(valueAt(given, 0.5, 0.5)).toBeCloseTo(0.65)
})

it('of no runs nothing is known', () => expect(valueAt([], 0.5, 0.5)).toBeNaN())
