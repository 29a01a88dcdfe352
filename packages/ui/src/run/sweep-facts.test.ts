import { expect, it } from 'vitest'
import type { RunRecord } from '../api/types.ts'
import { importanceOf, leftMsOf } from './sweep-facts.ts'

const goal = { metric: 'm', direction: 'max', isGuessed: false } as const
const runOf = (parameters: RunRecord['parameters'], m: number): RunRecord =>
  ({ parameters, results: { m }, state: 'completed' }) as Partial<RunRecord> as RunRecord

it('a parameter that decides explains all, one that does nothing explains nothing', () => {
  const runs = Array.from({ length: 40 }, (_, at) => runOf({ eta: at % 2, noise: Math.floor(at / 2) % 5 }, at % 2))
  const [first, second] = importanceOf(runs, goal)
  expect(first).toMatchObject({ name: 'eta', share: 1 })
  expect(second!.share).toBe(0)
})

it('names of its own for each run explain nothing: they would fit anything', () => {
  const runs = Array.from({ length: 6 }, (_, at) => runOf({ name: `n${at}`, eta: at % 2 }, at % 2))
  expect(importanceOf(runs, goal).map(({ name }) => name)).toEqual(['eta'])
})

it('time left follows the pace of the latest iterations, and is nothing when the sweep has ended', () => {
  const sweep = { state: 'running', sweep: { planned: 10 } } as Partial<RunRecord> as RunRecord
  const ended = (startedAtMs: number) => ({ ...runOf({}, 1), startedAtMs, endedAtMs: startedAtMs + 1_000 })
  const done = [ended(0), ended(1_000)]
  expect(leftMsOf(sweep, done)).toBe(8_000)
  expect(leftMsOf({ ...sweep, state: 'completed' }, done)).toBeUndefined()
  expect(leftMsOf(sweep, [])).toBeUndefined()
})
