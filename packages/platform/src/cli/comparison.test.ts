import { withBestParameters } from '@trainyard/contract'
import { describe, expect, test } from 'vitest'
import { changeText, renderComparison } from './comparison-page.ts'
import { compareRuns, sameValue } from '../tracking/run-comparison.ts'
import { createStyle } from './output/style.ts'
import { runRecord } from './testing/run-record.ts'

const environment = {
  packages: ['numpy==2.0', 'xgboost==2.1'],
  operatingSystem: 'Linux',
  host: 'lab',
  cpuModel: 'Epyc',
  cpuCount: 8,
  memoryBytes: 64e9,
  choices: {},
}

const left = runRecord({
  id: '0193af00000070008000000000000001',
  parameters: { depth: 6, eta: 0.1 },
  results: { accuracy: 0.9, loss: Number.NaN },
  environment,
})
const right = runRecord({
  id: '0193af00000170008000000000000002',
  state: 'failed',
  parameters: { depth: 6, eta: 0.3, gamma: 1 },
  results: { accuracy: 0.99, loss: Number.NaN },
  environment: { ...environment, packages: ['numpy==2.1', 'xgboost==2.1'] },
})

describe('comparing runs', () => {
  test('what differs comes first; NaN equals NaN; order of keys does not matter', () => {
    const comparison = compareRuns([left, right])
    expect(comparison.parameters).toEqual([
      { key: 'eta', values: [0.1, 0.3], differs: true },
      { key: 'gamma', values: [null, 1], differs: true },
      { key: 'depth', values: [6, 6], differs: false },
    ])
    expect(comparison.results.map(({ key, differs }) => [key, differs])).toEqual([
      ['accuracy', true],
      ['loss', false],
    ])
    expect(comparison.packages).toEqual([{ key: 'numpy', values: ['2.0', '2.1'], differs: true }])
    expect(sameValue({ a: 1, b: [1, { c: null }] }, { b: [1, { c: null }], a: 1 })).toBe(true)
    expect(sameValue([1, 2], [2, 1])).toBe(false)
    expect(sameValue({ a: 1 }, { b: 1 })).toBe(false)
  })

  test('a sweep is shown with the parameters of its best iteration, and the page says so', () => {
    const best = runRecord({ id: '0193af00000170008000000000000009', kind: 'iteration', iteration: 4, parameters: { eta: 0.3 } })
    const counts = { planned: 5, completed: 5, failed: 0, running: 0, seed: null, stopReason: null }
    const sweep = runRecord({
      id: '0193af00000170008000000000000003',
      kind: 'sweep',
      parameters: { depth: 6 },
      sweep: { ...counts, bestIteration: 4, bestRunId: best.id },
    })
    const shown = withBestParameters([left, sweep], [best])
    expect(shown[1]?.parameters).toEqual({ depth: 6, eta: 0.3 })
    const look = { nowMs: 0, style: createStyle(false), unicode: true, width: undefined, all: false }
    const lines = renderComparison(shown, compareRuns(shown), look)
    expect(lines.find((line) => line.startsWith('values'))).toMatch(/its own +of its best, iteration 4/)
    expect(lines.find((line) => line.startsWith('  eta'))).toMatch(/0\.1 +0\.3/)
  })

  test('the page shows differences with their size and counts what is the same', () => {
    const look = { nowMs: 0, style: createStyle(false), unicode: true, width: undefined, all: false }
    expect(renderComparison([left, right], compareRuns([left, right]), look)).toEqual([
      '            0193af000000  0193af000001        change',
      'name        train         train',
      'state       completed     failed',
      '',
      'Parameters',
      '  eta       0.1           0.3           +0.2 (+200%)',
      '  gamma     -             1',
      '',
      'Results',
      '  accuracy  0.9           0.99          +0.09 (+10%)',
      '',
      'Packages',
      '  numpy     2.0           2.1',
      '',
      'The same in all: 1 parameter, 1 result, 4 facts about the environment (--all shows them).',
    ])
  })

  test('changes are told for numbers only', () => {
    expect([
      changeText([0, 2]),
      changeText([4, 1]),
      changeText([-2, -1]),
      changeText([1, 1]),
      changeText(['a', 'b']),
      changeText([1, Infinity]),
    ]).toEqual(['+2', '-3 (-75%)', '+1 (+50%)', '', '', ''])
  })
})
