import { expect, test } from 'vitest'
import fc from 'fast-check'
import { type ExactValue, readExactJson, writeExactJson } from './exact-json.ts'

const value = fc.letrec<{ value: ExactValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constant(null),
    fc.boolean(),
    fc.string({ unit: 'grapheme' }),
    fc.bigInt(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.string(), tie('value'), { maxKeys: 4 }),
  ),
})).value

test('values come back as they were written, integers and whole doubles told apart', () => {
  fc.assert(
    fc.property(value, (written) => {
      expect(readExactJson(writeExactJson(written))).toEqual(written)
    }),
  )
})

test('a whole double has a point, an integer of any length has none', () => {
  expect(writeExactJson({ whole: 1, integer: 1n, long: 2n ** 80n, huge: 1e300, minus: -0 })).toBe(
    '{"whole": 1.0, "integer": 1, "long": 1208925819614629174706176, "huge": 1e+300, "minus": -0.0}',
  )
})

test('what is no number in JSON becomes a text', () => {
  expect(writeExactJson([Number.NaN, Number.POSITIVE_INFINITY])).toBe('["NaN", "Infinity"]')
})
