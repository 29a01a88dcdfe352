import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readKeyFile } from './secret-box.ts'

test('a key file is made once, for its owner alone, and says the same ever after', () => {
  const folder = mkdtempSync(join(tmpdir(), 'trainyard-key-'))
  const path = join(folder, 'job-tokens.key')
  const key = readKeyFile(path)
  expect([key.length, statSync(path).mode & 0o777]).toEqual([32, 0o600])
  expect(readKeyFile(path)).toEqual(key)
  rmSync(folder, { recursive: true })
})
