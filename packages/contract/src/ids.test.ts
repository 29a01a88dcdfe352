import fc from 'fast-check'
import { expect, it } from 'vitest'
import { newRunId, runIdPattern } from './ids.ts'

it('ids of one process are told apart by twelve digits, and sort in the order they were made', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 3 }), { minLength: 2, maxLength: 500 }), (pauses) => {
      let nowMs = 1_700_000_000_000
      const ids = pauses.map((pauseMs) => newRunId((nowMs += pauseMs)))
      expect(ids.every((id) => runIdPattern.test(id))).toBe(true)
      expect(new Set(ids.map((id) => id.slice(0, 12))).size).toBe(ids.length)
      expect(ids.toSorted()).toEqual(ids)
    }),
  )
})

it('an id tells the time it was made for, whatever was made before', () => {
  const timeOf = (id: string): number => Number.parseInt(id.slice(0, 12), 16)
  for (const atMs of [1_800_000_000_000, 5_000, 1_900_000_000_000, 4_000_000.5])
    expect(timeOf(newRunId(atMs)) - Math.floor(atMs)).toBeLessThanOrEqual(1)
})
