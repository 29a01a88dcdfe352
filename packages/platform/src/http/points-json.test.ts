import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type PointForm, pointsJson } from './points-json.ts'

const form: PointForm = { value: '{"välue":', timeMs: ',"time":', step: ',"step":', end: '}', special: (value) => `"${value}"` }
const whole = fc.oneof(fc.maxSafeInteger(), fc.constantFrom(0, -0, 9, 10, 999_999_999, 1e9, 1e9 + 1, 1e18, 2 ** 53 - 1, 2 ** 53))
const points = fc.array(fc.tuple(whole, whole, fc.double()), { maxLength: 50 })

test('points as JSON are what JSON.stringify says of them, and the specials what the form says', () => {
  fc.assert(
    fc.property(points, (given) => {
      const json = Buffer.from(pointsJson(Float64Array.from(given.flat()), form)).toString()
      const expected = given.map(([step, time, välue]) => ({
        välue: Number.isFinite(välue) ? välue : String(välue),
        time,
        step,
      }))
      expect(`[${json}]`).toBe(JSON.stringify(expected))
    }),
    { numRuns: 300 },
  )
})
