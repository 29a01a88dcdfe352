import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { readSpan, writeSpan } from './span-text.ts'
import { spanOf } from './testing/temporary-traces.ts'

const text = fc.string({ unit: 'grapheme' })
const value = fc.oneof(fc.bigInt(), fc.double({ noNaN: true, noDefaultInfinity: true }), text, fc.boolean(), fc.constant(null))
const attributes = fc.dictionary(
  text.filter((key) => key !== '__proto__' && !key.includes('\0')),
  value.filter((each) => typeof each !== 'string' || !each.includes('\0')),
)

test('a span is the same after its way as text, to the last digit', () => {
  fc.assert(
    fc.property(attributes, fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }), (given, startedAtNs) => {
      const event = { name: 'e', atNs: startedAtNs, attributes: given }
      const link = { traceId: 'a', spanId: 'b', attributes: given }
      const span = spanOf({ traceId: 't', id: '0'.repeat(16), startedAtNs, attributes: given, events: [event], links: [link] })
      expect(readSpan(writeSpan(span))).toEqual(span)
    }),
  )
})

test('what is no span is refused by the name of the field', () => {
  const whole = JSON.parse(writeSpan(spanOf({ traceId: 't', id: '0'.repeat(16) }))) as Record<string, unknown>
  expect(() => readSpan('{')).toThrow('is not JSON')
  for (const field of Object.keys(whole))
    for (const wrong of [undefined, 1.5, ['x']])
      if (!(Array.isArray(wrong) && (field === 'events' || field === 'links')))
        expect(() => readSpan(JSON.stringify({ ...whole, [field]: wrong }))).toThrow(field)
  expect(() => readSpan(JSON.stringify({ ...whole, events: ['x'] }))).toThrow('events')
  expect(() => readSpan(JSON.stringify({ ...whole, id: '0'.repeat(15) }))).toThrow('16 hexadecimal digits')
})
