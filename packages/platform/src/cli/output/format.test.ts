import { describe, expect, test } from 'vitest'
import { formatAge, formatBytes, formatDuration, formatNumber, formatTime, formatValue, shortIds } from './format.ts'
import { toJsonText } from './json.ts'

describe('numbers', () => {
  test.each([
    [0, '0'],
    [-0, '0'],
    [96, '96'],
    [123_456_789, '123456789'],
    [0.973_333_333, '0.97333'],
    [0.5, '0.5'],
    [99.999_99, '100'],
    [-1234.5678, '-1234.6'],
    [1.5e-9, '1.5e-9'],
    [123_456_789.123, '1.2346e8'],
    [1e300, '1e300'],
    [Number.NaN, 'NaN'],
    [Number.POSITIVE_INFINITY, 'inf'],
    [Number.NEGATIVE_INFINITY, '-inf'],
  ])('%d is %s', (value, text) => expect(formatNumber(value)).toBe(text))

  test('values of other kinds fit one line', () => {
    expect(formatValue('a\nb')).toBe('a␊b')
    expect(formatValue({ a: [1, 2] })).toBe('{"a":[1,2]}')
    expect(formatValue('x'.repeat(100), 5)).toBe('xxxx…')
  })
})

describe('sizes and times', () => {
  test.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1 kB'],
    [1_234_567, '1.23 MB'],
    [999_950, '1 MB'],
  ])('%d bytes are %s', (value, text) => expect(formatBytes(value)).toBe(text))

  test.each([
    [0, '0 ms'],
    [850, '850 ms'],
    [999.7, '1.0 s'],
    [12_340, '12.3 s'],
    [59_970, '1m 00s'],
    [185_000, '3m 05s'],
    [7_800_000, '2h 10m'],
    [273_600_000, '3d 4h'],
  ])('%d ms are %s', (value, text) => expect(formatDuration(value)).toBe(text))

  test('ages have one unit; a clock set back does not make them negative', () => {
    const now = new Date(2026, 2, 1, 14, 5, 9).getTime()
    const ages = [-5000, 0, 12_000, 300_000, 3 * 3_600_000, 2 * 86_400_000].map((age) => formatAge(now - age, now))
    expect(ages).toEqual(['now', 'now', '12s', '5m', '3h', '2d'])
    expect(formatAge(new Date(2025, 0, 2).getTime(), now)).toBe('2025-01-02')
    expect(formatTime(now)).toBe('2026-03-01 14:05:09')
  })
})

test('JSON keeps NaN and infinities as texts', () => {
  expect(toJsonText({ a: Number.NaN, b: [Number.NEGATIVE_INFINITY, 1] })).toBe(
    '{\n  "a": "NaN",\n  "b": [\n    "-Infinity",\n    1\n  ]\n}',
  )
})

test('ids of one listing get as many digits as tell them apart', () => {
  const [one, other, far] = ['01a1feb1371b73a69c37', '01a1feb1371b73a79c37', '01a2feb1371b73a79c37']
  expect([one, other, far].map(shortIds([one, other, far]))).toEqual(['01a1feb1371b73a6', '01a1feb1371b73a7', '01a2feb1371b73a7'])
  expect(shortIds([one, one, far])(one)).toBe(one.slice(0, 12))
})
