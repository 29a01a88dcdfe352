import { expect, it } from 'vitest'
import { distinctRuns } from './distinct-runs.ts'

it('iterations are called by their sweep and number, runs of one name by the end of their ids', () => {
  const runs = [
    { id: '01b898', name: 'mlp', iteration: 16 },
    { id: '01c111', name: 'mlp', iteration: 3 },
    { id: '01d222', name: 'fit', iteration: 0 },
    { id: '01e333', name: 'fit', iteration: 0 },
    { id: '01f444', name: 'base', iteration: 0 },
  ]
  expect(distinctRuns(runs).map(({ name }) => name)).toEqual(['mlp/16', 'mlp/3', 'fit …d222', 'fit …e333', 'base'])
})
