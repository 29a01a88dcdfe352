import { mkdtemp, rm, stat } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openSqliteDatabase } from './sqlite-database.ts'

test('the log stays short however much is written, and all of it is there', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'trainyard-database-'))
  const path = join(folder, 'trainyard.db')
  {
    await using database = await openSqliteDatabase(path)
    const body = new Uint8Array(256 * 1024).fill(7)
    for (let at = 0; at < 400; at++)
      await database.write((transaction) => transaction.insertRows('metric_arrivals', ['body'], [[body]]))
    expect((await stat(`${path}-wal`)).size).toBeLessThan(80 * 1024 * 1024)
    const count = await database.read((reader) =>
      reader.arrays(reader.kysely.selectFrom('metric_arrivals').select(({ fn }) => fn.countAll().as('n'))),
    )
    expect(count).toEqual([[400]])
    expect((await database.inspect()).problems).toEqual([])
  }
  await rm(folder, { recursive: true })
})

test('while somebody reads on and on, writes go through and the log is begun anew afterwards', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'trainyard-database-'))
  const path = join(folder, 'trainyard.db')
  {
    await using database = await openSqliteDatabase(path)
    const body = new Uint8Array(256 * 1024).fill(7)
    const write = () => database.write((transaction) => transaction.insertRows('metric_arrivals', ['body'], [[body]]))
    const other = new DatabaseSync(path, { readOnly: true })
    other.exec('BEGIN')
    other.prepare('SELECT count(*) FROM runs').get()
    for (let at = 0; at < 200; at++) await write()
    expect((await stat(`${path}-wal`)).size).toBeGreaterThan(200 * body.length)
    other.exec('COMMIT')
    other.close()
    const moved = () => {
      const reader = new DatabaseSync(path)
      const { log } = reader.prepare('PRAGMA wal_checkpoint(NOOP)').get() as { log: number }
      reader.close()
      return log * 4096 < 100 * body.length
    }
    for (let at = 0; at < 10_000 && !moved(); at++) await write()
    expect(moved()).toBe(true)
  }
  await rm(folder, { recursive: true })
})
