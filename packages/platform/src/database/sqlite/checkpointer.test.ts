import { mkdtemp, rm, stat } from 'node:fs/promises'
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
