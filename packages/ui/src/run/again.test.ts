import { expect, it } from 'vitest'
import type { RunRecord } from '../api/types.ts'
import { canRerun } from './again.ts'

const task = { command: 'train.py' }
const runOf = (kind: RunRecord['kind'], given: object | null): RunRecord =>
  ({ kind, task: given }) as Partial<RunRecord> as RunRecord

it('a run that a client logged is not offered to be run again, one of trainyard run is', () => {
  expect(canRerun(runOf('run', null), undefined)).toBe(false)
  expect(canRerun(runOf('run', task), undefined)).toBe(true)
})

it('an iteration is as repeatable as its sweep', () => {
  expect(canRerun(runOf('iteration', null), runOf('sweep', task))).toBe(true)
  expect(canRerun(runOf('iteration', null), runOf('sweep', null))).toBe(false)
  expect(canRerun(runOf('iteration', null), undefined)).toBe(false)
})
