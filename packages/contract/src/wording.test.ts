import { expect, it } from 'vitest'
import { countOf, sentence } from './wording.ts'

it('one is counted as one, and a sentence ends once', () => {
  expect([countOf(0, 'run'), countOf(1, 'run'), countOf(2, 'entry', 'entries')]).toEqual(['0 runs', '1 run', '2 entries'])
  expect([sentence('It failed'), sentence('It failed: there is no file.'), sentence('Did you mean x?')]).toEqual([
    'It failed.',
    'It failed: there is no file.',
    'Did you mean x?',
  ])
})
