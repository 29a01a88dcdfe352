import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { checkTiming, nextTime, nextTimes } from './next-times.ts'
import type { Timing } from './schedules.ts'

const cron = (expression: string, timeZone?: string): Timing => ({ kind: 'cron', expression, ...(timeZone ? { timeZone } : {}) })
const times = (timing: Timing, after: string, count = 3): string[] =>
  nextTimes(timing, Date.parse(after), count).map((atMs) => new Date(atMs).toISOString().replace(':00.000Z', 'Z'))

describe('cron', () => {
  test('has five fields, six with seconds first, or an alias', () => {
    expect(times(cron('*/20 3 * * *'), '2026-01-01T00:00Z')).toEqual([
      '2026-01-01T03:00Z',
      '2026-01-01T03:20Z',
      '2026-01-01T03:40Z',
    ])
    expect(times(cron('*/30 * * * * *'), '2026-01-01T00:00Z', 2)).toEqual(['2026-01-01T00:00:30.000Z', '2026-01-01T00:01Z'])
    expect(times(cron('@weekly'), '2026-01-01T00:00Z', 1)).toEqual(['2026-01-04T00:00Z'])
    expect(times(cron('0 9 * * MON#2'), '2026-01-01T00:00Z', 1)).toEqual(['2026-01-12T09:00Z'])
    expect(times(cron('0 0 L * *'), '2028-02-01T00:00Z', 1)).toEqual(['2028-02-29T00:00Z'])
  })

  test('means the clock on the wall of its time zone', () => {
    expect(times(cron('0 9 * * *', 'Asia/Kolkata'), '2026-01-01T00:00Z', 1)).toEqual(['2026-01-01T03:30Z'])
  })

  test('fires behind a gap what was meant for a time in it, once', () => {
    // Berlin, 29 March 2026: 02:00 becomes 03:00 at 01:00 UTC.
    expect(times(cron('30 2 * * *', 'Europe/Berlin'), '2026-03-28T12:00Z', 2)).toEqual(['2026-03-29T01:00Z', '2026-03-30T00:30Z'])
    expect(times(cron('30 2,14 * * *', 'Europe/Berlin'), '2026-03-28T22:00Z', 2)).toEqual([
      '2026-03-29T01:00Z',
      '2026-03-29T12:30Z',
    ])
  })

  test('fires once what is meant for a time that comes twice, and keeps what repeats through the day', () => {
    // Berlin, 25 October 2026: 03:00 becomes 02:00 at 01:00 UTC.
    expect(times(cron('30 2 * * *', 'Europe/Berlin'), '2026-10-24T12:00Z', 2)).toEqual(['2026-10-25T00:30Z', '2026-10-26T01:30Z'])
    expect(times(cron('*/30 * * * *', 'Europe/Berlin'), '2026-10-25T00:00Z', 4)).toEqual([
      '2026-10-25T00:30Z',
      '2026-10-25T01:00Z',
      '2026-10-25T01:30Z',
      '2026-10-25T02:00Z',
    ])
  })

  test('is refused in one sentence when it is none, or never fires', () => {
    const refused = (expression: string, timeZone?: string): string => {
      try {
        checkTiming(cron(expression, timeZone), Date.parse('2026-01-01T00:00Z'))
      } catch (error) {
        return error instanceof Error ? error.message : ''
      }
      return 'taken'
    }
    expect(refused('0 0 30 2 *')).toBe(
      'The schedule would never fire: no time fits "0 0 30 2 *", for example a 30th of February.',
    )
    expect(refused('0 0 * *')).toMatch(/has 4 fields/)
    expect(refused('61 * * * *')).toMatch(/is no cron expression/)
    expect(refused('@reboot')).toMatch(/no cron alias/)
    expect(refused('* * * * ?')).toMatch(/write \* instead/)
    expect(refused('0 0 * * *', 'Mars/Olympus')).toMatch(/no time zone "Mars\/Olympus"/)
    expect(refused('0 0 29 2 *')).toBe('taken')
    expect(refused('30 2 * * *', 'Europe/Berlin')).toBe('taken')
  })
})

/** The wall clock of a zone at a moment, as minutes of its day. */
function wallMinutes(atMs: number, timeZone: string): number {
  const parts = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).formatToParts(atMs)
  const part = (type: string): number => Number(parts.find((each) => each.type === type)?.value)
  return part('hour') * 60 + part('minute')
}

const changes = [
  ['Europe/Berlin', '2026-03-28T12:00Z'],
  ['Europe/Berlin', '2026-10-24T12:00Z'],
  ['America/New_York', '2026-03-07T12:00Z'],
  ['America/New_York', '2026-10-31T12:00Z'],
  // Half an hour, and at midnight.
  ['Australia/Lord_Howe', '2026-10-03T00:00Z'],
  ['America/Santiago', '2026-09-05T12:00Z'],
  ['Asia/Kolkata', '2026-03-28T12:00Z'],
] as const

test('over changes of the clock: each daily time fires once a day, at its time, or at the end of the gap that swallows it', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...changes),
      fc.integer({ min: 0, max: 23 }),
      fc.integer({ min: 0, max: 59 }),
      (change, hour, minute) => {
        const [timeZone, after] = change
        const found = nextTimes(cron(`${minute} ${hour} * * *`, timeZone), Date.parse(after), 4)
        const wanted = hour * 60 + minute
        for (const [index, atMs] of found.entries()) {
          const wall = wallMinutes(atMs, timeZone)
          const before = wallMinutes(atMs - 60_000, timeZone)
          const isBehindGap = wall > wanted && before < wanted
          expect(
            wall === wanted || isBehindGap || (before > wall && wall >= wanted),
            `${timeZone} ${new Date(atMs).toISOString()}`,
          ).toBe(true)
          if (index > 0) {
            const hours = (atMs - found[index - 1]!) / 3_600_000
            expect(hours).toBeGreaterThanOrEqual(22.5)
            expect(hours).toBeLessThanOrEqual(25.5)
          }
        }
      },
    ),
  )
})

test('what repeats fires at every minute that fits and at no other, whatever the clock does', () => {
  fc.assert(
    fc.property(fc.constantFrom(...changes), fc.constantFrom(5, 10, 15, 20, 30), (change, step) => {
      const [timeZone, after] = change
      const fromMs = Date.parse(after)
      const expected: number[] = []
      for (let atMs = fromMs + 60_000; expected.length < 100; atMs += 60_000)
        if (wallMinutes(atMs, timeZone) % step === 0) expected.push(atMs)
      expect(nextTimes(cron(`*/${step} * * * *`, timeZone), fromMs, 100)).toEqual(expected)
    }),
    { numRuns: 12 },
  )
})

test('intervals keep to their beginning, and end with their end', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1_000, max: 10 ** 9 }),
      fc.integer({ min: 0, max: 10 ** 12 }),
      fc.integer({ min: 0, max: 10 ** 12 }),
      (everyMs, fromMs, afterMs) => {
        const next = nextTime({ kind: 'interval', everyMs, fromMs }, afterMs)!
        expect(next).toBeGreaterThan(afterMs)
        expect((next - fromMs) % everyMs).toBe(0)
        expect(next === fromMs || next - everyMs <= afterMs).toBe(true)
        expect(nextTime({ kind: 'interval', everyMs, fromMs, untilMs: next }, afterMs)).toBeNull()
      },
    ),
  )
})

const tooFar = 8_640_000_000_000_000

test.each([
  [{ kind: 'cron', expression: '* * * * *', fromMs: tooFar }, 'fromMs'],
  [{ kind: 'cron', expression: '* * * * *', fromMs: -tooFar }, 'fromMs'],
  [{ kind: 'cron', expression: '* * * * *', untilMs: tooFar }, 'untilMs'],
  [{ kind: 'interval', everyMs: 1_000, fromMs: tooFar }, 'fromMs'],
  [{ kind: 'interval', everyMs: 1e15 }, 'everyMs'],
  [{ kind: 'interval', everyMs: 1_000.5 }, 'everyMs'],
  [{ kind: 'once', atMs: tooFar }, 'atMs'],
] as const)('%j is refused by the name of its field', (timing, field) => {
  expect(() => checkTiming(timing, 0)).toThrow(`The schedule's ${field} is `)
})

test.each([
  { kind: 'cron', expression: '* * * * *', fromMs: Date.UTC(2999, 11, 31) },
  { kind: 'cron', expression: '@yearly', fromMs: Date.UTC(2990, 0) },
  { kind: 'interval', everyMs: 100 * 366 * 86_400_000, fromMs: Date.UTC(9999, 11, 31) },
] as const)('whatever times %j has are dates', (timing) => {
  checkTiming(timing, 0)
  for (const time of nextTimes(timing, 0, 3_000)) expect(new Date(time).getTime()).toBe(time)
})
