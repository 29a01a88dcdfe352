import fc from 'fast-check'
import { expect, test } from 'vitest'
import { normalTime, readTime, timeBeside, toTime } from './times.ts'

const anyMs = fc.integer({ min: 0, max: Date.UTC(9999, 0) })
const micros = fc.integer({ min: 0, max: 999 }).map((number) => String(number).padStart(3, '0'))

test('a time is told as it was written, down to the microsecond, while it is the time of the record to the millisecond', () => {
  fc.assert(
    fc.property(anyMs, micros, fc.constantFrom('+00:00', 'Z', ''), (atMs, rest, offset) => {
      const written = `${new Date(atMs).toISOString().slice(0, -1)}${rest}${offset}`
      expect(timeBeside(written, atMs)).toBe(`${written.slice(0, 26)}+00:00`)
      expect(timeBeside(written, atMs + 1)).toBe(toTime(atMs + 1))
    }),
  )
})

test('whatever was written, a time in the one form comes out', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), anyMs.map(toTime), fc.jsonValue()), anyMs, (written, atMs) => {
      expect(timeBeside(written, atMs)).toBe(readTime(written) === atMs ? normalTime(written) : toTime(atMs))
    }),
  )
})
