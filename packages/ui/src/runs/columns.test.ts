import { parseRunSort, printRunField } from '@trainyard/contract'
import { expect, it, vi } from 'vitest'
import type { KeyFacts } from '../api/types.ts'
import { formatNumber } from '../format/number.ts'
import { chooseColumns, decimalsOf, movedBefore, parseColumns, pinnedFirst } from './columns.ts'

// Numbers are written as somebody chose in the browser.
vi.hoisted(() => vi.stubGlobal('localStorage', { getItem: () => null }))

const fact = (name: string, runCount: number, scope: KeyFacts['scope'] = 'metrics'): KeyFacts => ({
  scope,
  name,
  runCount,
  distinctCount: runCount,
  pointCount: 1,
  min: 0,
  max: 1,
})
const names = (columns: ReturnType<typeof parseColumns>): string[] => columns.map(printRunField)

it('the first column is what the sweeps look for, before any of their runs has it, on the narrowest window too', () => {
  const facts = [fact('loss', 10), fact('eta', 10, 'params')]
  expect(names(chooseColumns({ facts, sampled: 10, goals: ['val_auc'] }, 1_000))).toEqual([
    'metrics.val_auc',
    'metrics.loss',
    'params.eta',
  ])
  expect(names(chooseColumns({ facts, sampled: 10, goals: ['val_auc'] }, 0))).toEqual(['metrics.val_auc'])
})

it('without a sweep it is the main metric, though few of the runs have one', () => {
  expect(names(chooseColumns({ facts: [fact('auc', 2)], sampled: 100, goals: [] }, 1_000))).toEqual(['metrics.auc'])
})

it('pinned columns come first, in the order they had', () => {
  const columns = parseColumns('metrics.a,params.b,labels.c')
  const { columns: sorted, pinnedCount } = pinnedFirst(columns, new Set(['labels.c', 'params.b']))
  expect(names(sorted)).toEqual(['params.b', 'labels.c', 'metrics.a'])
  expect(pinnedCount).toBe(2)
})

it('a column is moved before another, or behind all', () => {
  const columns = parseRunSort('metrics.a,params.b,labels.c').map(({ field }) => field)
  expect(names(movedBefore(columns, 'labels.c', 'metrics.a'))).toEqual(['labels.c', 'metrics.a', 'params.b'])
  expect(names(movedBefore(columns, 'metrics.a', undefined))).toEqual(['params.b', 'labels.c', 'metrics.a'])
  expect(names(movedBefore(columns, 'metrics.a', 'metrics.a'))).toEqual(['metrics.a', 'params.b', 'labels.c'])
})

it('decimals tell apart what was opened below a row that is whole itself', () => {
  const decimals = decimalsOf([[1], [1, 0.95021, 0.95014, 0.9432]])
  expect([1, 0.95021, 0.95014, 0.9432].map((value) => formatNumber(value, decimals))).toEqual([
    '1.0000',
    '0.9502',
    '0.9501',
    '0.9432',
  ])
  expect(decimalsOf([[], [0.950211, 0.950212]])).toBe(6)
})

it('a column is of whole numbers only when all that is known of it is whole, and never hides a fraction that comes into view later', () => {
  expect(decimalsOf([[1, 1, 1]], { min: 0.25, max: 1 })).toBe(4)
  expect(decimalsOf([[3, 12]], { min: 1, max: 40 })).toBe(0)
  expect(decimalsOf([[3, 12]], { min: null, max: null })).toBe(0)
  expect(decimalsOf([[]], { min: 0.25, max: 1 })).toBeUndefined()
  expect(formatNumber(0.9502, 0)).toBe('0.9502')
  expect(formatNumber(1200, 0)).toBe('1,200')
})
