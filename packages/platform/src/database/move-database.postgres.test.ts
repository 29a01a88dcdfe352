import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ColumnValue, Database } from './database.ts'
import { backupDatabase, moveDatabase, restoreDatabase, upgradeDatabase } from './move-database.ts'
import { allMigrations } from './migrations/all-migrations.ts'
import { openDatabase } from './open-database.ts'
import { tableShapes } from './sqlite/table-shapes.ts'
import { createBarePostgresPlace } from './testing/postgres-place.ts'
import type { TestPlace } from './testing/test-place.ts'

let folder: string
let postgres: TestPlace
let sqlite: string
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'trainyard-move-'))
  sqlite = join(folder, 'trainyard.db')
  postgres = await createBarePostgresPlace()
})
afterEach(async () => {
  await postgres.remove()
  rmSync(folder, { recursive: true })
})

const insert = (database: Database, table: Parameters<typeof fill>[1][number][0], columns: string[], rows: ColumnValue[][]) =>
  database.write((transaction) => transaction.insertRows(table, columns, rows))

type Content = [table: ReturnType<typeof tableShapes>[number]['name'], columns: string[], rows: ColumnValue[][]][]

async function fill(place: string, content: Content): Promise<void> {
  await using database = await openDatabase(place)
  for (const [table, columns, rows] of content) await insert(database, table, columns, rows)
}

/** Values that databases treat differently unless one takes care. */
const awkward: Content = [
  [
    'projects',
    ['number', 'name', 'created_at'],
    [
      [1, 'päth "x"', 1],
      [7, 'Ä', 2],
      [3, 'a', 3],
    ],
  ],
  [
    'experiments',
    ['number', 'project', 'name', 'created_at'],
    [
      [0, 1, 'Default', 1],
      [5, 7, 'e', 2 ** 53 - 1],
    ],
  ],
  [
    'runs',
    [
      'number',
      'id',
      'project',
      'experiment',
      'name',
      'kind',
      'parent',
      'iteration',
      'state',
      'created_at',
      'updated_at',
      'owner',
      'host',
      'attempt',
    ],
    [
      [10, 'aa', 1, 0, 'parent', 'sweep', null, 0, 'running', -5, 1, 'ada', 'h', 1],
      [12, 'bb', 1, 0, 'child', 'iteration', 10, 1, 'completed', 1, 1, 'ada', 'h', 1],
    ],
  ],
  [
    'parameters',
    ['run', 'key', 'number', 'text', 'value'],
    [
      [10, 'inf', Number.POSITIVE_INFINITY, 'x', '"x"'],
      [10, 'minus', Number.NEGATIVE_INFINITY, 'x', '"x"'],
      [10, 'nan', Number.NaN, 'x', '"x"'],
      [10, 'tiny', 5e-324, '\u{10ffff}', '"x"'],
      [10, 'zero', -0, '', '""'],
      [12, 'B', 0.1, 'a\0b', '"a\\u0000b"'],
      [12, 'a', null, '👩‍🔬\n\t\\', '{}'],
      [12, 'é', 1e300, 'z', '[]'],
    ],
  ],
  [
    'metric_segments',
    ['series', 'ordinal', 'point_count', 'low_step', 'high_step', 'body'],
    Array.from({ length: 150 }, (_, index) => [1, index, 1, -index, index, new Uint8Array(100).fill(index)]),
  ],
]

const rowsOf = async (place: string, table: string, order: string) => {
  await using database = await openDatabase(place)
  return await database.read((reader) =>
    reader.arrays({ compile: () => ({ sql: `select * from ${table} order by ${order}`, parameters: [] }) }),
  )
}

describe('moving', () => {
  test('to Postgres and back to a file keeps every row of every table', async () => {
    await fill(sqlite, awkward)
    const back = join(folder, 'back.db')
    const there = await moveDatabase(sqlite, postgres.place)
    expect(there.map(({ table }) => table).toSorted()).toEqual(
      tableShapes()
        .map(({ name }) => name)
        .toSorted(),
    )
    expect(there.find(({ table }) => table === 'metric_segments')).toEqual({ table: 'metric_segments', rows: 150 })
    await moveDatabase(postgres.place, back)
    expect(await rowsOf(back, 'runs', 'number')).toEqual(await rowsOf(sqlite, 'runs', 'number'))
    const texts = (rows: ColumnValue[][]) => rows.map((row) => row.map((value) => (value === 'a\0b' ? 'a\uFFFDb' : value)))
    expect(await rowsOf(back, 'parameters', 'run, key')).toEqual(texts(await rowsOf(sqlite, 'parameters', 'run, key')))
  })

  test('numbers of what was deleted are not given again in the new place', async () => {
    await fill(sqlite, awkward)
    {
      await using database = await openDatabase(sqlite)
      await database.write(({ kysely }) => kysely.deleteFrom('runs').where('number', '=', 12).execute())
    }
    await moveDatabase(sqlite, postgres.place)
    const run = {
      project: 1,
      experiment: 0,
      name: 'n',
      kind: 'run',
      iteration: 0,
      state: 'running',
      created_at: 1,
      updated_at: 1,
      owner: 'a',
      host: 'h',
      attempt: 1,
    }
    await fill(postgres.place, [['runs', ['id', ...Object.keys(run)], [['cc', ...Object.values(run)]]]])
    expect((await rowsOf(postgres.place, 'runs', 'number')).map(([number]) => number)).toEqual([10, 13])
  })

  test('a target that holds runs is refused and left alone, and replaced when asked', async () => {
    await fill(sqlite, awkward)
    const other = join(folder, 'other.db')
    await fill(other, awkward.slice(0, 2))
    await moveDatabase(sqlite, postgres.place)
    await expect(moveDatabase(other, postgres.place)).rejects.toMatchObject({
      code: 'failed_precondition',
      message: expect.stringContaining('runs (2)') as string,
    })
    expect(await rowsOf(postgres.place, 'runs', 'number')).toHaveLength(2)
    await moveDatabase(other, postgres.place, { replace: true })
    expect(await rowsOf(postgres.place, 'runs', 'number')).toHaveLength(0)
    expect(await rowsOf(postgres.place, 'projects', 'number')).toHaveLength(3)
  })

  test('whatever the values are, they arrive', async () => {
    const text = fc.string({ unit: 'binary', maxLength: 20 }).map((value) => value.replaceAll('\0', ''))
    const rows = fc.uniqueArray(fc.tuple(text, fc.option(fc.double({ noNaN: true }), { nil: null }), text), {
      selector: ([key]) => key,
      maxLength: 30,
    })
    await fc.assert(
      fc.asyncProperty(rows, async (values) => {
        const from = join(folder, `${crypto.randomUUID()}.db`)
        await fill(from, [
          ...awkward.slice(0, 3),
          [
            'parameters',
            ['run', 'key', 'number', 'text', 'value'],
            values.map(([key, number, value]) => [10, key, number, value, value]),
          ],
        ])
        await moveDatabase(from, postgres.place, { replace: true })
        expect(await rowsOf(postgres.place, 'parameters', 'run, key')).toEqual(await rowsOf(from, 'parameters', 'run, key'))
      }),
      { numRuns: 8 },
    )
  })

  test('from nowhere is refused, and nothing is made', async () => {
    await expect(moveDatabase(join(folder, 'none.db'), postgres.place)).rejects.toMatchObject({ code: 'not_found' })
    await expect(moveDatabase(postgres.place, sqlite)).rejects.toMatchObject({ code: 'not_found' })
    expect(existsSync(sqlite)).toBe(false)
  })
})

describe('a backup', () => {
  test.each(['SQLite', 'Postgres'])('of %s is one file, which either kind is restored from', async (kind) => {
    const place = kind === 'SQLite' ? sqlite : postgres.place
    await fill(place, awkward)
    const expected = await rowsOf(place, 'metric_segments', 'series, ordinal')
    const file = join(folder, 'monday.db')
    await backupDatabase(place, file)
    expect(readdirSync(folder).filter((name) => name.startsWith('monday') || name.startsWith('.'))).toEqual(['monday.db'])
    const other = join(folder, 'restored.db')
    await restoreDatabase(file, other)
    expect(await rowsOf(other, 'metric_segments', 'series, ordinal')).toEqual(expected)
    await expect(restoreDatabase(file, place)).rejects.toMatchObject({ code: 'failed_precondition' })
    await restoreDatabase(file, place, { replace: true })
    expect(await rowsOf(place, 'metric_segments', 'series, ordinal')).toEqual(expected)
  })

  test('of a database in use has what was there when it began', async () => {
    await fill(sqlite, awkward)
    await using database = await openDatabase(sqlite)
    await insert(database, 'projects', ['name', 'created_at'], [['new', 1]])
    const file = join(folder, 'live.db')
    await backupDatabase(sqlite, file)
    await insert(database, 'projects', ['name', 'created_at'], [['newer', 1]])
    expect((await rowsOf(file, 'projects', 'number')).map(([, name]) => name)).toEqual(['päth "x"', 'a', 'Ä', 'new'])
  })

  test('a file that is none is refused and stays as it is', async () => {
    const file = join(folder, 'notes.txt')
    writeFileSync(file, 'notes')
    await expect(restoreDatabase(file, sqlite)).rejects.toMatchObject({ code: 'storage' })
    await expect(restoreDatabase(join(folder, 'none'), sqlite)).rejects.toMatchObject({ code: 'not_found' })
  })
})

describe('an upgrade', () => {
  test('says from which version to which, and repeated that nothing was to be done', async () => {
    for (const place of [sqlite, postgres.place]) {
      expect(await upgradeDatabase(place)).toEqual({ from: 0, to: allMigrations.length })
      expect(await upgradeDatabase(place)).toEqual({ from: allMigrations.length, to: allMigrations.length })
    }
  })
})
