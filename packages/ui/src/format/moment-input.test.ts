import fc from 'fast-check'
import { expect, test } from 'vitest'
import { inputOfMoment, momentOfInput } from './moment-input.ts'

test('a moment is written in the zone that was chosen, summer and winter', () => {
  expect(inputOfMoment(Date.UTC(2026, 6, 1, 12, 5), 'Europe/Berlin')).toBe('2026-07-01T14:05')
  expect(inputOfMoment(Date.UTC(2026, 0, 1, 12, 5), 'Asia/Kolkata')).toBe('2026-01-01T17:35')
  expect(momentOfInput('2026-07-01T14:05', 'Europe/Berlin')).toBe(Date.UTC(2026, 6, 1, 12, 5))
  expect(momentOfInput('', 'Europe/Berlin')).toBeNaN()
})

test('what is written is read back as written', () => {
  const zones = fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Australia/Lord_Howe')
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 70_000_000 }), zones, (minutes, zone) => {
      const written = inputOfMoment(minutes * 60_000, zone)
      expect(inputOfMoment(momentOfInput(written, zone), zone)).toBe(written)
    }),
  )
})
