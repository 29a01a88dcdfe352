import { mkdtemp, rename, rm, symlink } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Database } from '../database.ts'
import { openSqliteDatabase } from './sqlite-database.ts'

const add = (database: Database, name: string): Promise<void> =>
  database.write((transaction) => transaction.insertRows('projects', ['name', 'created_at'], [[name, 1]]))
/** In the order they were added. */
const names = async (database: Database) => {
  const rows = await database.read((reader) =>
    reader.arrays(reader.kysely.selectFrom('projects').select('name').orderBy('number')),
  )
  return rows.map(([name]) => name)
}

test.skipIf(process.platform === 'win32')(
  'after a sync that failed nothing is written until all of the log is in the database',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'trainyard-database-'))
    const path = join(folder, 'trainyard.db')
    {
      await using database = await openSqliteDatabase(path)
      const before = await names(database)
      // Another process reads, and so the log cannot be moved whole.
      const other = new DatabaseSync(path)
      other.exec('BEGIN')
      other.prepare('SELECT count(*) FROM projects').get()
      // A device that cannot be synced, in place of the log that SQLite holds open.
      await rename(`${path}-wal`, `${path}-aside`)
      await symlink('/dev/null', `${path}-wal`)
      await expect(add(database, 'b')).rejects.toMatchObject({
        code: 'storage',
        message: expect.stringContaining('trainyard.db-wal'),
      })
      await rm(`${path}-wal`)
      await rename(`${path}-aside`, `${path}-wal`)
      for (const name of ['c', 'd'])
        await expect(add(database, name)).rejects.toMatchObject({
          code: 'storage',
          message: expect.stringContaining('Nothing more'),
        })
      expect(await names(database)).toEqual([...before, 'b'])
      other.exec('COMMIT')
      other.close()
      await add(database, 'e')
      await add(database, 'f')
      expect(await names(database)).toEqual([...before, 'b', 'e', 'f'])
    }
    await rm(folder, { recursive: true })
  },
)
