import fc from 'fast-check'
import { expect, test } from 'vitest'
import { dueTimes } from './due.ts'
import { nextTimes } from './next-times.ts'
import type { Timing } from './schedules.ts'

const minute = 60_000
const everyTenMinutes: Timing = { kind: 'interval', everyMs: 10 * minute }
const due = (catchUp: 'none' | 'latest' | 'all', nowMs: number, timing: Timing = everyTenMinutes) => {
  const { fire, missed, nextMs } = dueTimes({ timing, catchUp }, 10 * minute, nowMs)
  return [
    fire.map(({ plannedAtMs, isLate }) => `${plannedAtMs / minute}${isLate ? ' late' : ''}`),
    missed,
    (nextMs ?? Number.NaN) / minute,
  ]
}

test('a time that comes is fired once, whatever the policy', () => {
  for (const policy of ['none', 'latest', 'all'] as const) expect(due(policy, 10 * minute + 5)).toEqual([['10'], 0, 20])
})

test('after a time without a server the policy says what is made up for', () => {
  expect(due('none', 45 * minute)).toEqual([[], 4, 50])
  expect(due('latest', 45 * minute)).toEqual([['40 late'], 3, 50])
  expect(due('all', 45 * minute)).toEqual([['10 late', '20 late', '30 late', '40 late'], 0, 50])
  expect(due('none', 40 * minute + 30_000)).toEqual([['40'], 3, 50])
})

test('one moment that was missed is fired late or never, and there is no other', () => {
  const once: Timing = { kind: 'once', atMs: 10 * minute }
  expect(due('latest', 45 * minute, once)).toEqual([['10 late'], 0, Number.NaN])
  expect(due('none', 45 * minute, once)).toEqual([[], 1, Number.NaN])
})

test('every time is fired or missed exactly once, and the next one lies ahead', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 600 }),
      fc.integer({ min: 0, max: 300 }),
      fc.constantFrom('none', 'latest', 'all'),
      (everySeconds, passed, catchUp) => {
        const timing: Timing = { kind: 'interval', everyMs: everySeconds * 1000 }
        const plannedAtMs = everySeconds * 1000
        const nowMs = plannedAtMs + passed * everySeconds * 777
        const { fire, missed, nextMs } = dueTimes({ timing, catchUp }, plannedAtMs, nowMs)
        const all = nextTimes(timing, 0, 10_000).filter((atMs) => atMs <= nowMs)
        expect(fire.length + missed).toBe(all.length)
        expect(all).toEqual(expect.arrayContaining(fire.map((each) => each.plannedAtMs)))
        expect(nextMs).toBeGreaterThan(nowMs)
        if (catchUp === 'all') expect(fire.length).toBe(Math.min(100, all.length))
      },
    ),
  )
})
