import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseModelReference } from './model-reference.ts'

describe('references to versions', () => {
  test.each([
    ['iris', { name: 'iris' }],
    ['iris/3', { name: 'iris', version: 3 }],
    ['models:/iris/Production', { name: 'iris', stage: 'Production' }],
    ['models:///team/iris/latest', { name: 'team/iris', stage: 'latest' }],
    ['iris@champion', { name: 'iris', alias: 'champion' }],
    ['models:/a/b@c', { name: 'a/b', alias: 'c' }],
  ])('%s', (text, reference) => expect(parseModelReference(text)).toEqual(reference))

  test.each(['', 'models:/', 'iris/', 'iris@', '/3', '@x', 'iris/99999999999999999999'])('%j is refused', (text) =>
    expect(() => parseModelReference(text)).toThrow('names no registered model'),
  )

  test('what is written is read back', () => {
    const name = fc.stringMatching(/^[a-z][a-z /@]{0,8}[a-z]$/)
    fc.assert(
      fc.property(name, fc.nat(), fc.stringMatching(/^[A-Za-z]{1,9}$/), (model, version, word) => {
        expect(parseModelReference(`models:/${model}/${version}`)).toEqual({ name: model, version })
        expect(parseModelReference(`${model}/${word}`)).toEqual({ name: model, stage: word })
        expect(parseModelReference(`models:/${model}@${word}`)).toEqual({ name: model, alias: word })
      }),
    )
  })
})
