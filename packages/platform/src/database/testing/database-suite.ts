import { AppError } from '@trainyard/contract'
import { sql } from 'kysely'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Database, Transaction } from '../database.ts'

/** What a kind of database must bring to be tested: a fresh, empty place that can be opened any number of times. */
export interface DatabaseFixture {
  open(): Promise<Database>
  remove(): Promise<void>
}

const addProject = async (transaction: Transaction, name: string): Promise<number> => {
  const { number } = await transaction.kysely
    .insertInto('projects')
    .values({ name, created_at: 1 })
    .returning('number')
    .executeTakeFirstOrThrow()
  return number
}

const projectNames = (database: Database): Promise<string[]> =>
  database.read(async ({ kysely }) => {
    const rows = await kysely.selectFrom('projects').select('name').orderBy('number').execute()
    return rows.map((row) => row.name)
  })

const doubles = (values: readonly number[]) =>
  sql`select ${sql.join(values.map((value) => sql`cast(${value} as double precision)`))}`

/** The promises of `Database`, for every adapter. */
export function describeDatabase(name: string, createFixture: () => Promise<DatabaseFixture>): void {
  describe(name, () => {
    let fixture: DatabaseFixture
    let database: Database
    beforeEach(async () => {
      fixture = await createFixture()
      database = await fixture.open()
    })
    afterEach(async () => {
      await database.close()
      await fixture.remove()
    })

    test('a write is seen by every read that starts after it was acknowledged, here and in another connection', async () => {
      await using other = await fixture.open()
      await database.write((transaction) => addProject(transaction, 'a'))
      expect(await projectNames(database)).toEqual(['a'])
      expect(await projectNames(other)).toEqual(['a'])
    })

    test('operations of one turn run in order, see each other, and one that fails takes back only its own changes', async () => {
      const first = database.write((transaction) => addProject(transaction, 'first'))
      const failing = database.write(async (transaction) => {
        await addProject(transaction, 'lost')
        throw new AppError('invalid_argument', 'No.')
      })
      const last = database.write(async (transaction) => {
        await addProject(transaction, 'last')
        const rows = await transaction.kysely.selectFrom('projects').select('name').orderBy('number').execute()
        return rows.map((row) => row.name)
      })
      await expect(failing).rejects.toThrow('No.')
      expect(await last).toEqual(['first', 'last'])
      await first
      expect(await projectNames(database)).toEqual(['first', 'last'])
    })

    test('a statement that breaks a key leaves the other operations of its turn alone and is told as already_exists', async () => {
      const results = await Promise.allSettled(
        ['a', 'a', 'b'].map((project) => database.write((transaction) => addProject(transaction, project))),
      )
      expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
      expect(results[1]).toMatchObject({ reason: { code: 'already_exists' } })
      expect(await projectNames(database)).toEqual(['a', 'b'])
    })

    test('a row that refers to nothing is refused as not_found', async () => {
      const write = database.write((transaction) =>
        transaction.kysely.insertInto('experiments').values({ project: 99, name: 'x', created_at: 1 }).execute(),
      )
      await expect(write).rejects.toMatchObject({ code: 'not_found' })
    })

    test('a read sees one snapshot and nothing that is not committed', async () => {
      let insideWrite: string[] | undefined
      await database.read(async ({ kysely }) => {
        const count = () => kysely.selectFrom('projects').select('name').execute()
        await count()
        await database.write((transaction) => addProject(transaction, 'meanwhile'))
        insideWrite = (await count()).map((row) => row.name)
      })
      expect(insideWrite).toEqual([])
      expect(await projectNames(database)).toEqual(['meanwhile'])
    })

    test('a read can not write', async () => {
      const attempt = database.read(({ kysely }) => kysely.insertInto('projects').values({ name: 'x', created_at: 1 }).execute())
      await expect(attempt).rejects.toBeInstanceOf(AppError)
    })

    test('two connections that write at once both succeed, whatever the interleaving', async () => {
      await using other = await fixture.open()
      const names = Array.from({ length: 40 }, (_, index) => `p${index}`)
      await Promise.all(
        names.map((project, index) => (index % 2 ? database : other).write((transaction) => addProject(transaction, project))),
      )
      expect((await projectNames(database)).toSorted()).toEqual(names.toSorted())
    })

    test('close waits for the writes under way, and later calls fail', async () => {
      const write = database.write((transaction) => addProject(transaction, 'a'))
      await database.close()
      await expect(write).resolves.toBe(1)
      await expect(projectNames(database)).rejects.toBeInstanceOf(AppError)
      await database.close()
    })

    test('numbers come back as they went in, NaN as null and infinities as they are; bytes too', async () => {
      const values = [1.5, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 5e-324, 2 ** 53 - 1, 1_700_000_000_123]
      const rows = await database.read((reader) => reader.arrays({ compile: () => doubles(values).compile(reader.kysely) }))
      expect(rows).toEqual([values.map((value) => (Number.isNaN(value) ? null : value))])
      const body = Uint8Array.from({ length: 100_000 }, (_, index) => index % 251)
      await database.write((transaction) =>
        transaction.insertRows(
          'metric_segments',
          ['series', 'ordinal', 'point_count', 'low_step', 'high_step', 'body'],
          [[1, 0, 1, -5, 2 ** 53 - 1, body]],
        ),
      )
      const stored = await database.read((reader) =>
        reader.arrays(reader.kysely.selectFrom('metric_segments').select(['low_step', 'high_step', 'body'])),
      )
      expect(stored).toEqual([[-5, 2 ** 53 - 1, body]])
    })

    test('insertRows inserts all or nothing, and passes over known keys when asked', async () => {
      const insert = (names: string[], onConflict?: 'ignore') =>
        database.write((transaction) =>
          transaction.insertRows(
            'projects',
            ['name', 'created_at'],
            names.map((project) => [project, 1]),
            onConflict ? { onConflict } : {},
          ),
        )
      await insert(['a', 'b'])
      await expect(insert(['c', 'a'])).rejects.toMatchObject({ code: 'already_exists' })
      expect(await projectNames(database)).toEqual(['a', 'b'])
      await insert(['c', 'a'], 'ignore')
      expect((await projectNames(database)).toSorted()).toEqual(['a', 'b', 'c'])
    })

    test('any text survives: quotes, emoji, control characters, a hundred thousand letters', async () => {
      const names = ["it's", '"; DROP TABLE runs; --', '👩‍🔬 Ünïcode', 'a/b\\c\n\t', 'x'.repeat(100_000), '']
      for (const project of names) await database.write((transaction) => addProject(transaction, project))
      expect(await projectNames(database)).toEqual(names)
    })

    test.each([
      ['like', 'a%', ['abc', 'a*c', 'a']],
      ['like', '%*%', ['a*c']],
      ['like', 'a_c', ['abc', 'a*c']],
      ['like', '[a]', ['[a]']],
      ['likeAnyCase', 'A%', ['abc', 'ABC', 'a*c', 'a']],
      ['likeAnyCase', 'é%', ['Élan']],
      ['like', String.raw`1%\%`, ['100%']],
      ['like', String.raw`%\_`, []],
      ['likeAnyCase', String.raw`1%\%`, ['100%']],
      ['like', 'a\0%', []],
      ['like', '\0', []],
      ['likeAnyCase', '%\0%', []],
      ['likeAnyCase', 'é%\0', []],
      ['contains', 'b', ['abc']],
      ['contains', '%', ['100%']],
    ] as const)('%s %j finds exactly what it says', async (operation, pattern, expected) => {
      await database.write((transaction) =>
        transaction.insertRows(
          'projects',
          ['name', 'created_at'],
          ['abc', 'ABC', 'a*c', 'a', '[a]', 'Élan', '100%'].map((project) => [project, 1]),
        ),
      )
      const found = await database.read(({ kysely, dialect }) =>
        kysely
          .selectFrom('projects')
          .select('name')
          .where((expression) => dialect[operation](expression.ref('name'), pattern))
          .orderBy('number')
          .execute(),
      )
      expect(found.map((row) => row.name)).toEqual(expected)
    })

    test('who has it open is known to the others by a name that is gone once it is closed', async () => {
      const other = await fixture.open()
      const theirs = await other.write((transaction) => transaction.presence())
      expect(await other.write((transaction) => transaction.presence())).toBe(theirs)
      const own = await database.write((transaction) => transaction.presence())
      const seen = (of: string) => database.write((transaction) => transaction.isPresent(of))
      expect([await seen(theirs), await seen(own), await seen('../1'), await seen('12345')]).toEqual([true, true, false, false])
      await other.close()
      expect(await seen(theirs)).toBe(false)
    })

    test('jsonText gives strings as themselves and everything else as JSON', async () => {
      const project = await database.write((transaction) => addProject(transaction, 'p'))
      expect(project).toBe(1)
      const rows = await database.read(({ kysely, dialect }) =>
        kysely
          .selectFrom('projects')
          .select([dialect.jsonText(sql<string>`'"a\\"b"'`).as('text'), dialect.jsonText(sql<string>`'[1,2]'`).as('list')])
          .execute(),
      )
      expect(rows).toEqual([{ text: 'a"b', list: '[1,2]' }])
    })
  })
}
