import fc from 'fast-check'
import { expect, test } from 'vitest'
import { rowsAround } from './use-rows-in-view.ts'

test('every row in view is drawn, none that is not there, and not many more, wherever one has scrolled to', () => {
  fc.assert(
    fc.property(fc.nat(200_000), fc.nat(200_000), fc.nat(100), (count, scrolledTo, fitting) => {
      const { first, last } = rowsAround({ scrolledTo, count, fitting })
      const top = Math.max(0, Math.min(scrolledTo, count - fitting))
      expect(first).toBeGreaterThanOrEqual(0)
      expect(first).toBeLessThanOrEqual(top)
      expect(last).toBeLessThan(Math.max(1, count))
      expect(last).toBeGreaterThanOrEqual(Math.min(count, top + fitting) - 1)
      expect(last - first).toBeLessThanOrEqual(fitting + 12)
    }),
  )
})
