import { expect, it } from 'vitest'
import { distinctNames } from './drawn-lines.ts'

it('runs of one name are told apart by the end of their ids, others keep their names', () => {
  const runs = [
    { id: '00aa11', name: 'train' },
    { id: '00bb22', name: 'train' },
    { id: '00cc33', name: 'eval' },
  ]
  expect([...distinctNames(runs).values()]).toEqual(['train …aa11', 'train …bb22', 'eval'])
})
