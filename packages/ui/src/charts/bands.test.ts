import { describe, expect, it } from 'vitest'
import { bandOf, quantile } from './bands.ts'
import type { Line } from './chart-data.ts'
import { densityOf, inkOf } from './density.ts'

const line = (id: string, values: number[], steps = values.map((_, at) => at)): Line => ({
  id,
  label: id,
  colour: 'red',
  dash: [],
  steps,
  timesMs: steps.map((step) => step * 1000),
  values,
})
const axes = { x: 'step', isLog: false } as const

describe('many lines as one', () => {
  it('the band spans all runs at each step, the line is their median', () => {
    const lines = [line('a', [1, 2, 3]), line('b', [3, 4, 5]), line('c', [11, 12, 13])]
    expect(bandOf(lines, axes, 'range')).toEqual({
      xs: [0, 1, 2],
      values: [3, 4, 5],
      band: { low: [1, 2, 3], high: [11, 12, 13] },
    })
    expect(bandOf(lines, axes, 'quartiles').band).toEqual({ low: [2, 3, 4], high: [7, 8, 9] })
  })

  it('a run counts between its points, not before its first nor behind its last', () => {
    const { values, band } = bandOf([line('a', [0, 10], [0, 4]), line('b', [1, 1], [2, 3])], axes, 'range')
    expect(values).toEqual([0, 3, 4.25, 10])
    expect(band).toEqual({ low: [0, 1, 1, 10], high: [0, 5, 7.5, 10] })
  })

  it('a spike of one point among 100,000 widens the band', () => {
    const values = Array.from({ length: 100_000 }, (_, at) => (at === 77_777 ? 5 : 0))
    const { band } = bandOf(
      [
        line('a', values),
        line(
          'b',
          values.map(() => 0),
        ),
      ],
      axes,
      'range',
    )
    expect(band!.high.length).toBe(200)
    expect(Math.max(...band!.high)).toBe(5)
  })

  it('NaN is a gap of the run, not of the group', () => {
    const { values } = bandOf([line('a', [1, Number.NaN, 1]), line('b', [3, 3, 3])], axes, 'range')
    expect(values).toEqual([2, 3, 2])
  })

  it('quantiles lie between the two nearest', () => {
    expect(quantile([1, 2, 4, 8], 0.5)).toBe(3)
    expect(quantile([], 0.5)).toBeNaN()
  })
})

describe('the density of very many lines', () => {
  const range = { left: 0, right: 10, bottom: 0, top: 10 }
  const size = { columns: 10, rows: 10 }

  it('each line weighs one in each column it crosses, steep or flat', () => {
    const flat = line('flat', [5, 5], [0, 9.9])
    const steep = line('steep', [0, 9.9], [0, 9.9])
    const { cells } = densityOf([flat, steep], axes, range, size)
    for (let column = 0; column < 10; column++) {
      let sum = 0
      for (let row = 0; row < 10; row++) sum += cells[row * 10 + column]!
      expect(sum).toBeCloseTo(2)
    }
  })

  it('one line beside a thousand others is still seen', () => {
    const lines = Array.from({ length: 1_000 }, (_, at) => line(String(at), [2, 2], [0, 9.9]))
    const ink = inkOf(densityOf([...lines, line('alone', [8, 8], [0, 9.9])], axes, range, size))
    expect(ink[2 * 10 + 5]).toBe(255)
    expect(ink[8 * 10 + 5]).toBeGreaterThan(40)
    expect(ink[5 * 10 + 5]).toBe(0)
  })
})
