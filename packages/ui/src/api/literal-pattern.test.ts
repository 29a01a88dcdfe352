import { expect, test } from 'vitest'
import { patternOf } from './literal-pattern.ts'

test('what is special in a pattern is looked for as it is typed', () => {
  expect(patternOf('net')).toBe('%net%')
  expect(patternOf('100%_a\\b')).toBe(String.raw`%100\%\_a\\b%`)
})
