import { describe, expect, test } from 'vitest'
import { createStyle } from './output/style.ts'
import { mainResult, renderSweep, sweepPoints } from './sweep-plot.ts'
import { runRecord } from './testing/run-record.ts'

const iteration = (number: number, parameters: Record<string, number | string>, accuracy: number) =>
  runRecord({ kind: 'iteration', iteration: number, parameters, results: { accuracy, note: 'x' } })

const iterations = [
  iteration(1, { eta: 0.1, booster: 'tree' }, 0.8),
  iteration(2, { eta: 0.1, booster: 'linear' }, 0.6),
  iteration(3, { eta: 0.3, booster: 'tree' }, 0.9),
  iteration(4, { eta: 0.3, booster: 'linear' }, Number.NaN),
]
const sweep = {
  name: 'grid',
  task: { sweep: { selector: 'max.accuracy' } },
  sweep: { planned: 4, completed: 4, failed: 0, running: 0, bestIteration: 3, bestRunId: null, seed: null, stopReason: null },
}
const options = { key: 'accuracy', width: 44, unicode: false, style: createStyle(false) }

describe('plots of sweeps', () => {
  test('the result is the one the sweep selects by, else the first number', () => {
    expect(mainResult(sweep, iterations)).toBe('accuracy')
    expect(mainResult({ task: null }, iterations)).toBe('accuracy')
    expect(mainResult({ task: null }, [])).toBeUndefined()
  })

  test('the best iteration is marked, and each parameter shows what it does', () => {
    const lines = renderSweep(sweep, iterations, options)
    expect(lines[0]).toBe('accuracy of grid: best 0.9 in iteration 3')
    expect(lines[1]).toMatch(/^ 0\.9 \|\s+O$/)
    expect(lines.slice(16)).toEqual([
      '1 of 4 points are not finite and not drawn',
      '',
      'eta  n  best accuracy  mean',
      '0.1  2            0.8   0.7  ##',
      '0.3  1            0.9   0.9  ####################',
      '',
      'booster  n  best accuracy  mean',
      '   tree  2            0.9  0.85  ####################',
      ' linear  1            0.6   0.6  ##',
    ])
  })

  test('texts on the x axis keep their names', () => {
    const lines = renderSweep(sweep, iterations, { ...options, parameter: 'booster' })
    expect(lines.at(15)).toMatch(/^\s+tree\s+booster\s+linear$/)
  })

  test('many different numbers are shown as ranges', () => {
    const many = Array.from({ length: 60 }, (_, index) => iteration(index + 1, { rate: index / 60 }, index))
    const lines = renderSweep({ ...sweep, sweep: null }, many, options)
    expect(lines.filter((line) => line.includes(' to '))).toHaveLength(6)
  })

  test('an unknown result or parameter is refused with the nearest one', () => {
    expect(() => sweepPoints(iterations, { key: 'acuracy' })).toThrow(
      "No iteration logged 'acuracy' (did you mean accuracy?); there are accuracy, note.",
    )
    expect(() => sweepPoints(iterations, { key: 'accuracy', parameter: 'et' })).toThrow(
      "No iteration has a parameter 'et' (did you mean eta?); there are eta, booster.",
    )
  })
})
