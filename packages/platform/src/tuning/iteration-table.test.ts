import { expect, it } from 'vitest'
import { iterationTable, type TableIteration } from './iteration-table.ts'
import { parallelCoordinates } from './parallel-coordinates.ts'
import { parseSelector } from './selector.ts'

const children: TableIteration[] = [
  {
    id: 'b',
    iteration: 2,
    state: 'completed',
    parameters: { eta: 0.0001, booster: 'dart', seed: 1 },
    results: { accuracy: 0.5 },
  },
  {
    id: 'a',
    iteration: 1,
    state: 'completed',
    parameters: { eta: 0.1, booster: 'tree', seed: 1 },
    results: { accuracy: 0.75, loss: 1 },
  },
  {
    id: 'c',
    iteration: 3,
    state: 'failed',
    parameters: { eta: 0.2, booster: 'tree', seed: 1 },
    results: { accuracy: Number.NaN },
  },
  { id: 'd', iteration: 4, state: 'skipped', parameters: { eta: 9, booster: 'none', seed: 1 }, results: {} },
]
const options = { selector: parseSelector('max.accuracy'), keys: ['eta', 'booster'] }

it('a table has the varied parameters, every result, and marks the best iteration', () => {
  expect(iterationTable(children, options)).toEqual({
    columns: [
      { name: 'eta', source: 'parameter' },
      { name: 'booster', source: 'parameter' },
      { name: 'accuracy', source: 'result' },
      { name: 'loss', source: 'result' },
    ],
    rows: [
      { id: 'a', iteration: 1, state: 'completed', best: true, values: [0.1, 'tree', 0.75, 1] },
      { id: 'b', iteration: 2, state: 'completed', best: false, values: [0.0001, 'dart', 0.5, null] },
      { id: 'c', iteration: 3, state: 'failed', best: false, values: [0.2, 'tree', Number.NaN, null] },
      { id: 'd', iteration: 4, state: 'skipped', best: false, values: [9, 'none', null, null] },
    ],
  })
  expect(iterationTable(children).columns.map((column) => column.name)).toEqual(['eta', 'booster', 'seed', 'accuracy', 'loss'])
  expect(iterationTable([])).toEqual({ columns: [], rows: [] })
})

it('parallel coordinates have an axis per parameter and one for the selected result', () => {
  const plot = parallelCoordinates(children, options)
  expect(plot.axes).toEqual([
    { name: 'eta', source: 'parameter', kind: 'numeric', low: 0.0001, high: 0.2, logarithmic: true },
    { name: 'booster', source: 'parameter', kind: 'categorical', categories: ['tree', 'dart'] },
    { name: 'accuracy', source: 'result', kind: 'numeric', low: 0.5, high: 0.75, logarithmic: false },
  ])
  expect(plot.lines).toEqual([
    { id: 'a', iteration: 1, state: 'completed', best: true, value: 0.75, positions: [0.1, 0, 0.75] },
    { id: 'b', iteration: 2, state: 'completed', best: false, value: 0.5, positions: [0.0001, 1, 0.5] },
    { id: 'c', iteration: 3, state: 'failed', best: false, value: null, positions: [0.2, 0, null] },
  ])
})
