import { parseRunSort } from '@trainyard/contract'
import { expect, it } from 'vitest'
import { readSort } from './sort-text.ts'

it('a minus before a field means from the highest down', () => {
  expect(readSort('-metrics.accuracy,params.eta, -created')).toBe('metrics.accuracy desc,params.eta,created desc')
  expect(parseRunSort(readSort('-metrics.accuracy'))).toEqual(parseRunSort('metrics.accuracy desc'))
  expect(readSort('metrics.val-loss desc')).toBe('metrics.val-loss desc')
})
