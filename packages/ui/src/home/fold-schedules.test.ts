import { expect, it } from 'vitest'
import type { RunRow } from '../api/types.ts'
import { foldSchedules } from './fold-schedules.ts'

const rowOf = (id: string, schedule: string | null, project = 'churn'): RunRow =>
  ({ id, project, values: [0.5, schedule] }) as Partial<RunRow> as RunRow

it('consecutive runs of one schedule are one line that counts them; others stay in their order', () => {
  const { rows, folded } = foldSchedules([
    rowOf('a', 'nightly'),
    rowOf('b', 'nightly'),
    rowOf('c', 'nightly'),
    rowOf('d', null),
    rowOf('e', null),
    rowOf('f', 'nightly'),
    rowOf('g', 'nightly', 'fraud'),
  ])
  expect(rows.map(({ id }) => id)).toEqual(['a', 'd', 'e', 'f', 'g'])
  expect([...folded]).toEqual([['a', { schedule: 'nightly', more: 2 }]])
})
