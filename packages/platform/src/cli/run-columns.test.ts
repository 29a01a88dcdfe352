import { expect, test } from 'vitest'
import { defaultColumns } from './run-columns.ts'
import { createStyle } from './output/style.ts'
import { runRecord } from './testing/run-record.ts'

const sweep = { planned: 16, completed: 5, failed: 1, stopped: 10, running: 0 }
const best = { bestIteration: 3, bestRunId: null, seed: 7, stopReason: null }
const results = { accuracy: 0.9, f1: 0.8, recall: 0.7, 'val/loss': 0.2 }
const run = runRecord({
  kind: 'sweep',
  results,
  sweep: { ...sweep, ...best },
  task: { sweep: { selector: 'min.val/loss' } },
})

test('what a sweep looks for comes before its other results', () => {
  const headers = defaultColumns([run, runRecord({ results: { ...results, accuracy: 0.5 } })], { project: 'default' }).map(
    ({ header }) => header,
  )
  expect(headers.slice(-3)).toEqual(['val/loss', 'accuracy', 'f1'])
})

test('an iteration that was stopped early has ended', () => {
  const column = defaultColumns([run], { project: 'default' }).find(({ header }) => header === 'iterations')
  expect(column?.cell(run, { nowMs: 0, style: createStyle(false), unicode: true })).toBe('16/16')
})
