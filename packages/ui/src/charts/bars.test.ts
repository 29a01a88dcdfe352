import { expect, it } from 'vitest'
import { barsOf } from './bars.ts'
import { isOneValue, type Line } from './chart-data.ts'

const lineOf = (id: string, values: number[], steps = values.map(() => 0)): Line => ({
  id,
  label: id,
  colour: 'var(--run-0)',
  dash: [],
  steps,
  timesMs: values.map((_, at) => at),
  values,
})

it('a metric logged at one step only is a value, however often; with two steps it is a curve', () => {
  expect(isOneValue(lineOf('once', [1]), 'step')).toBe(true)
  expect(isOneValue(lineOf('twice at a step', [1, 2]), 'step')).toBe(true)
  expect(isOneValue(lineOf('twice at a step', [1, 2]), 'relative')).toBe(false)
  expect(isOneValue(lineOf('curve', [1, 2], [0, 1]), 'step')).toBe(false)
})

it('bars begin at zero, the best first, and what is no number comes last without one', () => {
  const lines = [lineOf('a', [1]), lineOf('lost', [Number.NaN]), lineOf('b', [9, 3]), lineOf('c', [-1])]
  expect(barsOf(lines, 'max').map(({ line, from, to }) => [line.id, from, to])).toEqual([
    ['b', 0.25, 1],
    ['a', 0.25, 0.5],
    ['c', 0, 0.25],
    ['lost', 0.25, 0.25],
  ])
})

it('where less is better there are points in place of bars, so that the worst has not the longest', () => {
  const lines = [lineOf('a', [1]), lineOf('lost', [Number.NaN]), lineOf('b', [9, 3]), lineOf('c', [-1])]
  expect(barsOf(lines, 'min').map(({ line, from, to }) => [line.id, from, to])).toEqual([
    ['c', 0, 0],
    ['a', 0.5, 0.5],
    ['b', 1, 1],
    ['lost', 0.25, 0.25],
  ])
})
