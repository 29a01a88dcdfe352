import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { displayWidth, ellipsis } from './display-width.ts'
import { createStyle } from './style.ts'
import { renderPairs, renderTable } from './table.ts'
import { visible, visibleLines } from './visible.ts'

const style = createStyle(false)
const columns = [
  { header: 'name', shrinkTo: 4 },
  { header: 'state' },
  { header: 'loss', align: 'right' },
  { header: 'labels', shrinkTo: 4, optional: true },
] as const

describe('tables', () => {
  test('columns are aligned by display width, numbers to the right, without trailing blanks', () => {
    const rows = [
      ['日本', 'completed', '0.5', 'a=1'],
      ['training 🚀', 'failed', '12', ''],
    ]
    expect(renderTable(columns, rows, { style })).toEqual([
      'name         state      loss  labels',
      '日本         completed   0.5  a=1',
      'training 🚀  failed       12',
    ])
  })

  test('a pipe gets whole lines, however long', () => {
    const name = 'x'.repeat(10_000)
    expect(renderTable(columns, [[name, 'failed', '1', '']], { style })[1]).toBe(`${name}  failed     1`)
  })

  test('a narrow terminal shrinks what may shrink and leaves out what is optional', () => {
    const rows = [['a-long-name', 'completed', '0.5', 'team=vision']]
    expect(renderTable(columns, rows, { style, width: 35 })).toEqual([
      'name      state      loss  labels',
      'a-long-…  completed   0.5  team=vi…',
    ])
    expect(renderTable(columns, rows, { style, width: 24 })).toEqual(['name     state      loss', 'a-long…  completed   0.5'])
  })

  test('no line of a table is wider than the terminal when every column may shrink', () => {
    const shrinking = [
      { header: 'a', shrinkTo: 3 },
      { header: 'b', shrinkTo: 3 },
      { header: 'c', shrinkTo: 3, optional: true },
    ]
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.string({ unit: 'grapheme' }), fc.string(), fc.string())),
        fc.integer({ min: 12, max: 100 }),
        (rows, width) => {
          const lines = renderTable(
            shrinking,
            rows.map((row) => row.map(visible)),
            { style, width },
          )
          expect(lines.every((line) => displayWidth(line) <= width)).toBe(true)
        },
      ),
    )
  })

  test('pairs align their values and indent further lines', () => {
    expect(
      renderPairs(
        [
          ['id', '1'],
          ['reason', 'two\nlines'],
        ],
        style,
        '  ',
      ),
    ).toEqual(['  id      1', '  reason  two\n          lines'])
  })
})

describe('text in a table', () => {
  test('control characters become visible and cannot reach the terminal', () => {
    expect(visible('a\u001b[31mred\r\n\tb\u007f\u009b\u202e')).toBe('a␛[31mred␍␊␉b␡\\u009b\\u202e')
    expect(visible('plain, ünï, 日本, 🚀')).toBe('plain, ünï, 日本, 🚀')
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => !/[\p{Cc}\u202a-\u202e]/u.test(visible(text))))
  })

  test('tracebacks keep their lines', () => {
    expect(visibleLines('one\r\n\ttwo\u0007')).toBe('one\n\ttwo␇')
  })

  test('widths count columns, not characters', () => {
    expect(['a', 'é', 'e\u0301', '日', '👩‍👩‍👧', '❤️', '🇫🇷', '\u001b[31mred\u001b[39m'].map(displayWidth)).toEqual([
      1, 1, 1, 2, 2, 2, 2, 3,
    ])
    expect(ellipsis('日本語', 4)).toBe('日…')
    expect(ellipsis('abc', 3)).toBe('abc')
    expect(ellipsis('abcd', 3)).toBe('ab…')
  })
})
