import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseDelimited, wholeRows } from './delimited.ts'

const cells = fc.array(fc.array(fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', 'ü') }), { minLength: 2, maxLength: 2 }), {
  minLength: 1,
  maxLength: 8,
})
const write = (rows: readonly (readonly string[])[]): string =>
  rows.map((row) => `${row.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(',')}\n`).join('')

describe('rows of CSV', () => {
  it('are what was written, quotes, separators and line breaks in them', () => {
    fc.assert(
      fc.property(cells, (rows) => {
        expect(parseDelimited(write(rows), ',', 100).rows).toEqual(rows)
      }),
    )
  })

  it('read page by page are all of them, wherever a piece was cut', () => {
    fc.assert(
      fc.property(cells, fc.integer({ min: 1, max: 3 }), fc.integer({ min: 40, max: 80 }), (rows, limit, size) => {
        const text = write(rows)
        const found: string[][] = []
        for (let at = 0; at < text.length;) {
          const isLast = at + size >= text.length
          const piece = text.slice(at, at + size)
          const page = isLast ? parseDelimited(piece, ',', limit) : wholeRows(piece, ',', limit)
          found.push(...page.rows)
          at += page.length
        }
        expect(found).toEqual(rows)
      }),
    )
  })
})
