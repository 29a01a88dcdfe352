import { describe, expect, test } from 'vitest'
import { renderBar, renderLine, renderScatter } from './plot.ts'
import { createStyle } from './style.ts'

const style = createStyle(false)
const ascii = { width: 24, height: 5, unicode: false, style }

describe('plots', () => {
  test('a scatter plot has axes, ticks and the best point marked', () => {
    const points = [1, 2, 3, 4, 5].map((x) => ({ x, y: x * x }))
    expect(renderScatter(points, { ...ascii, best: points[4], title: 'score', xLabel: 'iteration' })).toEqual([
      'score',
      '25 |                   O',
      '   |              .',
      '13 |',
      '   |     .   .',
      ' 1 |.',
      '   +--------------------',
      '    1    iteration     5',
    ])
  })

  test('a line joins its points and breaks at NaN', () => {
    const lines = renderLine(
      [
        { x: 0, y: 0 },
        { x: 4, y: 4 },
        { x: 5, y: Number.NaN },
        { x: 19, y: 4 },
      ],
      ascii,
    )
    expect(lines).toEqual([
      '4 |    .               .',
      '  |   .',
      '2 |  .',
      '  | .',
      '0 |.',
      '  +---------------------',
      '   0                  19',
      '1 of 4 points are not finite and not drawn',
    ])
  })

  test('Unicode plots use braille dots', () => {
    const lines = renderLine(
      [
        { x: 0, y: 0 },
        { x: 1, y: 1 },
      ],
      { width: 12, height: 2, unicode: true, style },
    )
    expect(lines).toEqual(['1 ┤    ⢀⡠⠤⠒⠉', '0 ┤⣀⠤⠒⠊⠁', '  └─────────', '   0       1'])
  })

  test('one point, no point and only NaN are told, not drawn wrongly', () => {
    expect(renderScatter([], ascii)).toEqual(['nothing to draw'])
    expect(renderScatter([{ x: 1, y: Number.NaN }], ascii)[0]).toBe('no finite value to draw')
    expect(renderScatter([{ x: 1, y: 3 }], ascii)[2]).toContain('.')
    const huge = renderScatter(
      [
        { x: 0, y: -Number.MAX_VALUE },
        { x: 1, y: Number.MAX_VALUE },
      ],
      ascii,
    )
    expect(huge.filter((line) => line.includes('|') && line.includes('.')).length).toBeGreaterThan(0)
  })

  test('bars show shares in eighths of a column', () => {
    expect([0, 0.5, 1, 2, Number.NaN].map((share) => renderBar(share, 4, true))).toEqual(['', '██', '████', '████', ''])
    expect(renderBar(0.53, 4, true)).toBe('██▏')
    expect(renderBar(0.5, 4, false)).toBe('##')
  })
})
