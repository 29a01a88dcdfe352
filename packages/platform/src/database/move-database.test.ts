import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { moveDatabase, restoreDatabase, upgradeDatabase } from './move-database.ts'
import { tableShapes } from './sqlite/table-shapes.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'trainyard-move-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

/** Puts one row into a table, whatever it stands for. */
function addRow(place: string, table: string): void {
  const database = new DatabaseSync(place)
  database.exec('PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON')
  const columns = database.prepare(`SELECT name, type FROM pragma_table_info('${table}')`).all()
  const values = columns.map(({ type }) => (type === 'BLOB' ? "x'01'" : type === 'TEXT' ? "'x'" : '7'))
  database.exec(
    `INSERT INTO ${table} (${columns.map(({ name }) => `"${String(name)}"`).join(', ')}) VALUES (${values.join(', ')})`,
  )
  database.close()
}

test('every table has a key, by which its rows are moved page by page', () => {
  expect(tableShapes().filter(({ key }) => key.length === 0)).toEqual([])
})

describe('a target', () => {
  test('that holds a row of any table is refused and left alone', async () => {
    const [source, empty, target] = ['source.db', 'empty.db', 'target.db'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ]
    await upgradeDatabase(source)
    await upgradeDatabase(empty)
    for (const { name } of tableShapes().filter((table) => table.name !== 'change_counter')) {
      for (const end of ['', '-wal', '-shm']) rmSync(`${target}${end}`, { force: true })
      copyFileSync(empty, target)
      addRow(target, name)
      for (const copy of name === 'traces' ? [moveDatabase, restoreDatabase] : [moveDatabase])
        await expect(copy(source, target), name).rejects.toMatchObject({
          code: 'failed_precondition',
          message: expect.stringContaining(`${name.replaceAll('_', ' ')} (1)`) as string,
        })
    }
  }, 60_000)

  test('with what a new server makes by itself counts as empty', async () => {
    const [source, target] = [join(folder, 'source.db'), join(folder, 'target.db')]
    await upgradeDatabase(source)
    await upgradeDatabase(target)
    const database = new DatabaseSync(target)
    database.exec("INSERT INTO projects (number, name, created_at) VALUES (1, 'default', 1)")
    database.exec("INSERT INTO experiments (number, project, name, created_at) VALUES (0, 1, 'Default', 1)")
    database.close()
    expect((await moveDatabase(source, target)).find(({ table }) => table === 'projects')?.rows).toBe(0)
  })
})
