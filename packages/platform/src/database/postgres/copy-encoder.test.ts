import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ColumnValue } from '../database.ts'
import { type CopyType, encodeCopy } from './copy-encoder.ts'

/** Reads the stream back as the format's documentation says. */
function decode(types: readonly CopyType[], bytes: Buffer): ColumnValue[][] {
  expect(bytes.subarray(0, 11).toString('latin1')).toBe('PGCOPY\n\xff\r\n\0')
  let at = 19
  const rows: ColumnValue[][] = []
  for (;;) {
    const count = bytes.readInt16BE(at)
    at += 2
    if (count === -1) break
    expect(count).toBe(types.length)
    rows.push(
      types.map((type) => {
        const length = bytes.readInt32BE(at)
        at += 4
        if (length === -1) return null
        const field = bytes.subarray(at, (at += length))
        if (type === 'int8') return Number(field.readBigInt64BE())
        if (type === 'float8') return field.readDoubleBE()
        return type === 'text' ? field.toString() : Uint8Array.from(field)
      }),
    )
  }
  expect(at).toBe(bytes.length)
  return rows
}

const valueOf: Record<CopyType, fc.Arbitrary<ColumnValue>> = {
  int8: fc.maxSafeInteger(),
  float8: fc.double({ noNaN: true }),
  text: fc.string({ unit: 'grapheme', maxLength: 50 }).map((text) => text.replaceAll('\0', '')),
  bytea: fc.uint8Array({ maxLength: 50 }),
}

describe('rows for COPY', () => {
  test('are read back as they were, missing values included', () => {
    const table = fc
      .array(fc.constantFrom<CopyType>('int8', 'float8', 'text', 'bytea'), { minLength: 1, maxLength: 5 })
      .chain((types) =>
        fc.record({
          types: fc.constant(types),
          rows: fc.array(fc.tuple(...types.map((type) => fc.option(valueOf[type], { nil: null })))),
        }),
      )
    fc.assert(
      fc.property(table, ({ types, rows }) => {
        expect(decode(types, Buffer.concat([...encodeCopy(types, rows)]))).toEqual(rows)
      }),
    )
  })

  test('larger than a chunk come in several', () => {
    const rows = Array.from({ length: 3 }, () => [new Uint8Array(300_000).fill(7), 'x'.repeat(100_000)])
    const chunks = [...encodeCopy(['bytea', 'text'], rows)]
    expect(chunks.length).toBeGreaterThan(3)
    expect(decode(['bytea', 'text'], Buffer.concat(chunks))).toEqual(rows)
  })

  test('have no NaN and no character U+0000, which the database does not know', () => {
    const [row] = decode(['float8', 'text'], Buffer.concat([...encodeCopy(['float8', 'text'], [[Number.NaN, 'a\0b']])]))
    expect(row).toEqual([null, 'a\uFFFDb'])
  })

  test.each([
    ['int8', 1.5],
    ['int8', 'text'],
    ['text', 1],
    ['bytea', 'text'],
  ] as const)('a column of type %s takes no %j', (type, value) => {
    expect(() => [...encodeCopy([type], [[value]])]).toThrow(/column of type/)
  })
})
