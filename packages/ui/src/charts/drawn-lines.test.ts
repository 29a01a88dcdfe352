import { expect, it } from 'vitest'
import { distinctNames, drawnAmong, quietOthers } from './drawn-lines.ts'

it('runs of one name are told apart by the end of their ids, others keep their names', () => {
  const runs = [
    { id: '00aa11', name: 'train' },
    { id: '00bb22', name: 'train' },
    { id: '00cc33', name: 'eval' },
  ]
  expect([...distinctNames(runs).values()]).toEqual(['train …aa11', 'train …bb22', 'eval'])
})

it('of more runs than there are colours the best eight have one each, the others are grey', () => {
  const runs = Array.from({ length: 20 }, (_, at) => ({ id: `run-${at}`, name: `run ${at}`, colour: 'var(--run-0)' }))
  const valueOf = (id: string): number | undefined =>
    id === 'run-3' ? Number.NaN : id === 'run-4' ? undefined : Number(id.slice(4))
  const highest = quietOthers(runs, valueOf, 'max').filter(({ isQuiet }) => !isQuiet)
  expect(highest.map(({ id }) => id)).toEqual([12, 13, 14, 15, 16, 17, 18, 19].map((at) => `run-${at}`))
  expect(new Set(highest.map(({ colour }) => colour)).size).toBe(8)
  const lowest = quietOthers(runs, valueOf, 'min').filter(({ isQuiet }) => !isQuiet)
  expect(lowest.map(({ id }) => id)).toEqual([0, 1, 2, 5, 6, 7, 8, 9].map((at) => `run-${at}`))
  expect(quietOthers(runs.slice(0, 12), valueOf, 'max').some(({ isQuiet }) => isQuiet)).toBe(false)
})

it('single values stand aside for curves, and are all there is to draw where no metric has a curve', () => {
  const [loss, auc, size] = [{ pointCount: 200 }, { pointCount: 1 }, { pointCount: 1 }]
  expect(drawnAmong([auc, loss, size])).toEqual([loss])
  expect(drawnAmong([auc, size])).toEqual([auc, size])
  expect(drawnAmong([])).toEqual([])
})
