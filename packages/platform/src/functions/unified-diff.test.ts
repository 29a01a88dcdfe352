import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { diffLines } from '@trainyard/contract'
import { unifiedDiff } from './unified-diff.ts'

const names = { before: 'a/code', after: 'b/code' }

test('equal texts have no diff, and each group of lines says where it is', () => {
  expect(unifiedDiff(diffLines('a\n', 'a\n'), names)).toEqual([])
  const text = Array.from({ length: 20 }, (_, at) => `line ${at}\n`)
  const after = text.toSpliced(2, 1).toSpliced(15, 0, 'new\n')
  expect(unifiedDiff(diffLines(text.join(''), after.join('')), names).filter((line) => /^(?:@@|[-+])/.test(line))).toEqual([
    '--- a/code',
    '+++ b/code',
    '@@ -1,6 +1,5 @@',
    '-line 2',
    '@@ -14,6 +13,7 @@',
    '+new',
  ])
})

test('git takes it from one text to the other', () => {
  const folder = mkdtempSync(join(tmpdir(), 'trainyard-diff-'))
  const texts = fc.array(fc.constantFrom('a', 'b', 'c', 'd', ' e'), { minLength: 1, maxLength: 30 })
  try {
    fc.assert(
      fc.property(texts, texts, (one, other) => {
        const [before, after] = [`${one.join('\n')}\n`, `${other.join('\n')}\n`]
        const diff = unifiedDiff(diffLines(before, after), names)
        fc.pre(diff.length > 0)
        writeFileSync(join(folder, 'code'), before)
        execFileSync('git', ['apply', '-'], { cwd: folder, input: `${diff.join('\n')}\n`, stdio: ['pipe', 'ignore', 'pipe'] })
        expect(readFileSync(join(folder, 'code'), 'utf8')).toBe(after)
      }),
      { numRuns: 40 },
    )
  } finally {
    rmSync(folder, { recursive: true })
  }
})
