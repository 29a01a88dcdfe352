import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openDatabase } from '../../database/index.ts'
import { runMain } from '../testing/memory-terminal.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'trainyard-move-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

test.each([
  ['elsewhere/deep/trainyard.db', 'elsewhere/deep/trainyard.db'],
  ['backup/.trainyard', 'backup/.trainyard/trainyard.db'],
])('db move makes the folder of %s', async (target, file) => {
  await (await openDatabase(join(folder, 'here.db'))).close()
  const { stderr, code } = await runMain(['db', 'move', 'here.db', target], { workingDirectory: folder })
  expect([code, stderr]).toEqual([0, stderr])
  expect(existsSync(join(folder, file))).toBe(true)
})
