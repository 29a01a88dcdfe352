import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openSqliteDatabase } from './sqlite-database.ts'

let folder = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'trainyard-presence-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const presenceAt = (name: string): string => join(folder, `trainyard.db-presence-${name}`)
const hoursAgo = new Date(Date.now() - 3_600_000)

it('takes what only has the name of a presence for nobody, and leaves it where it lies', async () => {
  const [damaged, directory, link] = ['0'.repeat(16), '1'.repeat(16), '2'.repeat(16)]
  writeFileSync(presenceAt(damaged), 'x'.repeat(100))
  mkdirSync(presenceAt(directory))
  symlinkSync(presenceAt(link), presenceAt(link))
  for (const name of [damaged, directory]) utimesSync(presenceAt(name), hoursAgo, hoursAgo)
  await using database = await openSqliteDatabase(join(folder, 'trainyard.db'))
  const own = await database.write((transaction) => transaction.presence())
  expect(own).toMatch(/^[0-9a-f]{16}$/)
  for (const name of [damaged, directory, link])
    expect(await database.write((transaction) => transaction.isPresent(name)), name).toBe(false)
  expect([damaged, directory].map((name) => existsSync(presenceAt(name)))).toEqual([true, true])
})

it('removes the presence of a process that ended without doing so itself', async () => {
  const name = '3'.repeat(16)
  writeFileSync(presenceAt(name), '')
  utimesSync(presenceAt(name), hoursAgo, hoursAgo)
  await using database = await openSqliteDatabase(join(folder, 'trainyard.db'))
  await database.write((transaction) => transaction.presence())
  expect(existsSync(presenceAt(name))).toBe(false)
})
