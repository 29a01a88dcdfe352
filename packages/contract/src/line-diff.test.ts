import fc from 'fast-check'
import { expect, test } from 'vitest'
import { diffLines } from './line-diff.ts'

test('what is left of the first, and what comes of the second, are the two texts', () => {
  const text = fc
    .array(fc.constantFrom('a', 'b', 'c', ''), { maxLength: 12 })
    .map((lines) => lines.map((line) => `${line}\n`).join(''))
  fc.assert(
    fc.property(text, text, (before, after) => {
      const changes = diffLines(before, after, 100)
      const side = (left: ' ' | '-' | '+') =>
        changes
          .filter(({ kind }) => kind === ' ' || kind === left)
          .map(({ text: line }) => `${line}\n`)
          .join('')
      if (before === after) expect(changes).toEqual([])
      else expect([side('-'), side('+')]).toEqual([before, after])
    }),
  )
})

test('of a long text only what lies around the changes is shown', () => {
  const lines = Array.from({ length: 100 }, (_, index) => `line ${index}`)
  const changes = diffLines(lines.join('\n'), lines.with(50, 'changed').join('\n'))
  expect(changes.map(({ kind }) => kind).join('')).toBe('   -+   ')
})
