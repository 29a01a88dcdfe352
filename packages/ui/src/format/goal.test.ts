import { expect, it } from 'vitest'
import { goalMetric } from './goal.ts'

const keys = {
  goals: ['val/auc', 'accuracy'],
  facts: [
    { scope: 'metrics', name: 'train_loss', runCount: 40 },
    { scope: 'metrics', name: 'accuracy', runCount: 30 },
    { scope: 'params', name: 'eta', runCount: 90 },
  ],
}

it('what the sweeps of a project look for is what it is about, on the pages of runs without it the next that they have', () => {
  expect(goalMetric(keys)).toBe('val/auc')
  expect(goalMetric(keys, (name) => name !== 'val/auc')).toBe('accuracy')
})

it('without a sweep it is the metric most runs have, and never a parameter', () => {
  expect(goalMetric({ ...keys, goals: [] })).toBe('train_loss')
  expect(goalMetric({ ...keys, goals: [] }, (name) => name === 'eta')).toBeUndefined()
})
