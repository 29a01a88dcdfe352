import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { csvPieces } from './csv.ts'
import { columnStatistics, columnType, tableStatistics } from './statistics.ts'
import { toTable } from './table.ts'

describe('statistics of a column', () => {
  it('of numbers are those of numpy: sample deviation, linear quantiles, 20 bins', () => {
    const statistics = columnStatistics([24, 36, 73, 52, null, 42, Number.NaN, 53])
    expect(statistics).toMatchObject({ count: 6, missing: 2, unique: 6, min: 24, '25%': 37.5, '50%': 47, '75%': 52.75, max: 73 })
    expect(statistics['mean']).toBeCloseTo(46.666_666_666_666_664, 12)
    expect(statistics['std']).toBeCloseTo(16.800_793_632_048_062, 9)
    const { counts, edges } = statistics['histogram'] as { counts: number[]; edges: number[] }
    expect(counts).toEqual([1, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 1])
    expect([edges.length, edges[0], edges[20]]).toEqual([21, 24, 73])
  })

  it('of text tell the most frequent, of dates the range, of nothing nothing', () => {
    expect(columnStatistics(['b', 'a', 'a', null])).toEqual({ count: 3, missing: 1, unique: 2, top: 'a', freq: 2 })
    expect(columnStatistics([true, false, true])).toMatchObject({ unique: 2, top: true, freq: 2 })
    expect(columnStatistics([new Date(1000), new Date(0)])).toMatchObject({
      min: '1970-01-01T00:00:00.000Z',
      max: '1970-01-01T00:00:01.000Z',
    })
    expect(columnStatistics([null])).toEqual({ count: 0, missing: 1, unique: 0, top: null, freq: null })
  })

  it('survive one value, equal values, infinities and sums beyond the largest number', () => {
    expect(columnStatistics([5])).toMatchObject({ std: null, mean: 5, histogram: { edges: expect.any(Array) as unknown } })
    expect(columnStatistics([1, Number.POSITIVE_INFINITY])).toMatchObject({ mean: 'Infinity', std: null, max: 'Infinity' })
    expect(columnStatistics([1.7e308, 1.7e308])).toMatchObject({ mean: 1.7e308 })
  })

  it('every finite value is in one bin, and order holds between the quantiles', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e9, max: 1e9 }), { minLength: 1 }),
        (values) => {
          const found = columnStatistics(values) as Record<string, number> & { histogram: { counts: number[] } | null }
          const order = ['min', '25%', '50%', '75%', 'max'].map((name) => found[name]!)
          expect(order.toSorted((a, b) => a - b)).toEqual(order)
          if (found.histogram) expect(found.histogram.counts.reduce((a, b) => a + b)).toBe(values.length)
        },
      ),
    )
  })

  it('come in order of the columns with their types', () => {
    const table = toTable([
      { a: 1, b: 'x' },
      { b: 'y', c: 0.5 },
    ])
    expect(tableStatistics(table).map(({ name, type, missing }) => [name, type, missing])).toEqual([
      ['a', 'int', 1],
      ['b', 'str', 0],
      ['c', 'float', 1],
    ])
    expect([columnType([1, 'x']), columnType([]), columnType(new Float32Array(2))]).toEqual(['mixed', 'null', 'float'])
  })
})

describe('tables', () => {
  it('are made of rows, columns, typed arrays and frames of known libraries', () => {
    const arrow = { schema: { fields: [{ name: 'a' }] }, getChild: () => [1, 2] }
    const polars = { toRecords: () => [{ a: 1 }, { a: 2 }] }
    for (const input of [[{ a: 1 }, { a: 2 }], { a: [1, 2] }, { a: new Int8Array([1, 2]) }, arrow, polars]) {
      const table = toTable(input)
      expect([table.names, table.rowCount, Array.from(table.columns.get('a')!)]).toEqual([['a'], 2, [1, 2]])
    }
  })

  it('become CSV that quotes what needs quotes', () => {
    const table = toTable({ 'a,b': ['x"y', null, '', 'line\nend', ' pad'], n: [1, 2.5, Number.NaN, true, { k: 1 }] })
    expect([...csvPieces(table)].join('')).toBe('"a,b",n\n"x""y",1\n,2.5\n"",\n"line\nend",true\n" pad","{""k"":1}"\n')
  })
})
