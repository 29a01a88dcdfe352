import { parseRunSort, printRunField } from '@trainyard/contract'
import { expect, it } from 'vitest'
import type { KeyFacts } from '../api/types.ts'
import { chooseColumns, movedBefore, parseColumns, pinnedFirst } from './columns.ts'

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
