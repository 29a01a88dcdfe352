import { expect, test } from 'vitest'
import { textOfValue, valueOfText } from './parameter-fields.tsx'

test('what is typed is read as the command line reads it, and what was not touched keeps its type', () => {
  expect(
    ['0.3', 'true', 'null', '[1,2]', '{"a":1}', 'model.bst', '', '1e-3'].map((text) => valueOfText(text, undefined)),
  ).toEqual([0.3, true, null, [1, 2], { a: 1 }, 'model.bst', '', 0.001])
  expect(valueOfText('5', '5')).toBe('5')
  expect(valueOfText('6', '5')).toBe(6)
  expect([0.1, 'text', [1], null, undefined].map(textOfValue)).toEqual(['0.1', 'text', '[1]', 'null', ''])
})
