import { Client } from 'pg'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Database } from '../database.ts'
import { allMigrations } from '../migrations/all-migrations.ts'
import { describeDatabase } from '../testing/database-suite.ts'
import { createBarePostgresPlace, createPostgresPlace } from '../testing/postgres-place.ts'
import type { TestPlace } from '../testing/test-place.ts'
import { openPostgresDatabase } from './postgres-database.ts'

describeDatabase('Postgres', async () => {
  const { place, remove } = await createPostgresPlace()
  return { open: () => openPostgresDatabase(place), remove }
})

const withClient = async (place: string, sql: string): Promise<void> => {
  const client = new Client({ connectionString: place })
  await client.connect()
  await client.query(sql)
  await client.end()
}

const addProject = (database: Database, name: string) =>
  database.write(({ kysely }) => kysely.insertInto('projects').values({ name, created_at: 1 }).execute())

const countProjects = (database: Database) =>
  database.read(async ({ kysely }) => (await kysely.selectFrom('projects').select('name').execute()).length)

describe('opening a Postgres database', () => {
  let bare: TestPlace
  beforeEach(async () => {
    bare = await createBarePostgresPlace()
  })
  afterEach(() => bare.remove())

  test('any number of processes that open an empty one at once all succeed, and it is sound', async () => {
    const opened = await Promise.all(Array.from({ length: 6 }, () => openPostgresDatabase(bare.place)))
    await Promise.all(opened.map((database, index) => addProject(database, `p${index}`)))
    expect(await countProjects(opened[0]!)).toBe(6)
    expect(await opened[0]!.inspect()).toEqual({ version: allMigrations.length, problems: [] })
    await Promise.all(opened.map((database) => database.close()))
  })

  test('schemas of one database know nothing of each other', async () => {
    await using one = await openPostgresDatabase(`${bare.place}?schema=one`)
    await using two = await openPostgresDatabase(`${bare.place}?schema=two`)
    await addProject(one, 'p')
    expect([await countProjects(one), await countProjects(two)]).toEqual([1, 0])
  })

  test('one of a newer version is refused', async () => {
    await (await openPostgresDatabase(bare.place)).close()
    await withClient(bare.place, 'UPDATE trainyard.trainyard_version SET version = 99')
    await expect(openPostgresDatabase(bare.place)).rejects.toMatchObject({
      code: 'failed_precondition',
      message: expect.stringMatching(/written by a newer Trainyard/) as string,
    })
  })

  test('a schema with tables of another program is refused', async () => {
    await withClient(bare.place, 'CREATE TABLE public.runs (id text)')
    await expect(openPostgresDatabase(`${bare.place}?schema=public`)).rejects.toMatchObject({ code: 'storage' })
  })

  test.each([
    ['a database that does not exist', (place: string) => place.replace(/[^/]*$/, 'nowhere'), 'failed_precondition'],
    ['a server that is not there', (place: string) => place.replace(/:\d+\//, ':1/'), 'unavailable'],
    ['a user that does not exist', (place: string) => place.replace('postgres@', 'nobody_at_all:secret@'), 'permission_denied'],
  ])('%s is told in a sentence without the password', async (_, change, code) => {
    const failure = await openPostgresDatabase(change(bare.place)).catch((error: unknown) => error)
    expect(failure).toMatchObject({ code })
    expect(String(failure)).not.toContain('secret')
  })
})

describe('a Postgres database in use', () => {
  let place: TestPlace
  let database: Database
  beforeEach(async () => {
    place = await createPostgresPlace()
    database = await openPostgresDatabase(place.place)
  })
  afterEach(async () => {
    await database.close()
    await place.remove()
  })

  const endConnections = () =>
    withClient(
      place.place,
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
    )

  test('connections that the server ends are made anew', async () => {
    await addProject(database, 'before')
    expect(await countProjects(database)).toBe(1)
    await endConnections()
    await addProject(database, 'after')
    expect(await countProjects(database)).toBe(2)
  })

  test('a write whose connection is lost half-way fails as unavailable, stores nothing, and the next one works', async () => {
    const write = database.write(async ({ kysely }) => {
      await kysely.insertInto('projects').values({ name: 'lost', created_at: 1 }).execute()
      await endConnections()
      await kysely.insertInto('projects').values({ name: 'lost too', created_at: 1 }).execute()
    })
    await expect(write).rejects.toMatchObject({ code: 'unavailable' })
    await addProject(database, 'after')
    expect(await countProjects(database)).toBe(1)
  })

  test('an operation that caught the failure of a statement has failed, and the others of its turn have not', async () => {
    const first = addProject(database, 'a')
    const second = database.write(async ({ kysely }) => {
      const insert = kysely.insertInto('projects').values({ name: 'a', created_at: 1 }).execute()
      return await insert.then(
        () => 'added',
        () => 'known',
      )
    })
    const third = addProject(database, 'b')
    await Promise.all([first, third])
    await expect(second).rejects.toMatchObject({ code: 'already_exists' })
    expect(await countProjects(database)).toBe(2)
  })

  test('many rows go in by COPY, whatever is in them, and replace, pass over or refuse known keys like few', async () => {
    const rows = Array.from({ length: 1_000 }, (_, index) => [`p${index}`, index])
    const insert = (given: (string | number)[][], onConflict?: 'ignore' | { replace: string[] }) =>
      database.write((transaction) =>
        transaction.insertRows('projects', ['name', 'created_at'], given, onConflict ? { onConflict } : {}),
      )
    await insert(rows)
    await expect(insert(rows)).rejects.toMatchObject({ code: 'already_exists' })
    await insert([...rows, ['a\tb\n\\N"', 1]], 'ignore')
    await insert([...rows.map(([name]) => [name!, 7]), ['p0', 8]], { replace: ['name'] })
    const found = await database.read(({ kysely }) => kysely.selectFrom('projects').select(['name', 'created_at']).execute())
    expect(found).toHaveLength(1_001)
    expect(found.find(({ name }) => name === 'p0')?.created_at).toBe(8)
    expect(found.filter(({ created_at }) => created_at === 7)).toHaveLength(999)
    expect(found.some(({ name }) => name === 'a\tb\n\\N"')).toBe(true)
  })

  test('a given number is not given again', async () => {
    await database.write((transaction) => transaction.insertRows('projects', ['number', 'name', 'created_at'], [[41, 'a', 1]]))
    await addProject(database, 'b')
    const numbers = await database.read((reader) =>
      reader.integers(reader.kysely.selectFrom('projects').select('number as n').orderBy('number')),
    )
    expect(numbers).toEqual([41, 42])
  })

  test('compacting leaves everything in place', async () => {
    await addProject(database, 'a')
    await database.compact()
    expect(await countProjects(database)).toBe(1)
  })

  test.each([
    [String.raw`"a\u0000b"`, 'a\uFFFDb'],
    [String.raw`"a\ud800b"`, 'a\uFFFDb'],
    [String.raw`"a\\u0000b\\"`, String.raw`a\u0000b\\`.replace('\\\\', '\\')],
    ['"ü👩‍🔬"', 'ü👩‍🔬'],
    ['{"a":[1,2]}', '{"a":[1,2]}'],
  ])('the text of the JSON %s is found', async (json, text) => {
    await addProject(database, json)
    const [row] = await database.read(({ kysely, dialect }) =>
      kysely
        .selectFrom('projects')
        .select((expression) => dialect.jsonText(expression.ref('name')).as('text'))
        .execute(),
    )
    expect(row).toEqual({ text })
  })
})
