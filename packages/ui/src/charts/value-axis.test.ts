import { expect, it, vi } from 'vitest'
import type { RunRecord } from '../api/types.ts'
import { goalAxis, parameterAxis } from './value-axis.ts'

// Numbers are written as somebody chose in the browser.
vi.hoisted(() => vi.stubGlobal('localStorage', { getItem: () => null }))

const runOf = (parameters: RunRecord['parameters'], m = 1): RunRecord =>
  ({ parameters, results: { m } }) as Partial<RunRecord> as RunRecord

it('what is the same everywhere has one tick, in the middle, and no values that no run has', () => {
  const runs = [runOf({ depth: 3 }), runOf({ depth: 3 })]
  const axis = parameterAxis(runs, 'depth')
  expect(axis.ticks).toEqual([{ at: 0.5, text: '3' }])
  expect(axis.place(runs[0]!)).toBe(0.5)
})

it('numbers stand between the lowest and the highest; a run without one has no place', () => {
  const runs = [runOf({ depth: 2 }), runOf({ depth: 6 }), runOf({})]
  expect(runs.map(parameterAxis(runs, 'depth').place)).toEqual([0, 1, undefined])
  expect(goalAxis([runOf({}, Number.NaN)], { metric: 'm', direction: 'max', isGuessed: true }).ticks).toEqual([])
})
