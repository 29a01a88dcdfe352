import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { JsonValue } from './json.ts'
import { parsePythonJson, writePythonJson } from './python-json.ts'

const texts = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.array(fc.constantFrom('NaN', '-Infinity', '"', '\\', ' ')).map((parts) => parts.join('')),
)
const valuesWith = (numbers: fc.Arbitrary<JsonValue>): fc.Arbitrary<JsonValue> =>
  fc.letrec<{ value: JsonValue }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom(null, true, false),
      numbers,
      texts,
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(texts, tie('value'), { maxKeys: 4, noNullPrototype: true }),
    ),
  })).value

test('JSON without the words is what JSON.parse makes of it', () => {
  const finite = fc.double({ noNaN: true, noDefaultInfinity: true })
  fc.assert(
    fc.property(valuesWith(finite), (value) => {
      const text = JSON.stringify(value)
      expect(parsePythonJson(text)).toEqual(JSON.parse(text))
    }),
  )
})

test('values with NaN and infinities come back as they were written, whatever their texts hold', () => {
  const numbers = fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1.5)
  fc.assert(
    fc.property(valuesWith(numbers), (value) => {
      expect(parsePythonJson(writePythonJson(value))).toEqual(value)
    }),
  )
})

test('megabytes of quotation marks behind backslashes are read in one pass, valid or not', () => {
  const escapes = '\\"'.repeat(2_500_000)
  expect(parsePythonJson(`[NaN, "${escapes}"]`)).toEqual([Number.NaN, '"'.repeat(2_500_000)])
  for (const text of [`NaN${escapes}`, `NaN"${escapes}`, `NaN${'\\'.repeat(5_000_000)}`])
    expect(() => parsePythonJson(text)).toThrow(SyntaxError)
})
