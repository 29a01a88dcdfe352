import { expect, it } from 'vitest'
import { fitsPythonRange } from './python-version.ts'

it.each([
  ['3.11.7', '>=3.9', true],
  ['3.9.0', '>3.9', false],
  ['3.10.1', '<3.10', false],
  ['3.10.1', '>=3.9, !=3.10.*, <4', false],
  ['3.11.0', '>=3.9,!=3.10.*,<4', true],
  ['3.11.7', '==3.11.*', true],
  ['3.11.7', '==3.11', false],
  ['3.9.5', '~=3.9.2', true],
  ['3.10.0', '~=3.9.2', false],
  ['3.12.0', '~=3.9', true],
  ['3.13.0rc1', '<=3.13', true],
  ['3.9.1', '', true],
])('Python %s fits %j: %s', (version, range, expected) => {
  expect(fitsPythonRange(version, range)).toBe(expected)
})

it.each(['3.9', '>=three', '>=3.9.*', '>=3.9 <4'])('refuses %j', (range) => {
  expect(() => fitsPythonRange('3.11.7', range)).toThrow('is not understood at')
})
