import { expect, test } from 'vitest'
import { titleOf } from './title.ts'

test('the title goes from the thing to what it is one of', () => {
  expect(titleOf('/')).toBe('Home · Trainyard')
  expect(titleOf('/runs')).toBe('Runs · Trainyard')
  expect(titleOf('/runs/0123456789abcdef/logs')).toBe('0123456789ab · Runs · Trainyard')
  expect(titleOf('/runs/0123456789abcdef', 'full-1')).toBe('full-1 · Runs · Trainyard')
  expect(titleOf('/p/churn')).toBe('churn · Trainyard')
  expect(titleOf('/p/my%20churn/models/a%2Fb')).toBe('a/b · Models · my churn · Trainyard')
  expect(titleOf('/models/100%')).toBe('100% · Models · Trainyard')
})
