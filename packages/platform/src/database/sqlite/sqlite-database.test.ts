import { chmod, mkdtemp, open, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { describeDatabase } from '../testing/database-suite.ts'
import { openSqliteDatabase } from './sqlite-database.ts'

const temporaryFolder = () => mkdtemp(join(tmpdir(), 'trainyard-database-'))

describeDatabase('SQLite', async () => {
  const folder = await temporaryFolder()
  return {
    open: () => openSqliteDatabase(join(folder, 'trainyard.db')),
    remove: () => rm(folder, { recursive: true }),
  }
})

describe('opening a SQLite file', () => {
  let folder: string
  let path: string
  beforeEach(async () => {
    folder = await temporaryFolder()
    path = join(folder, 'trainyard.db')
  })
  afterEach(() => rm(folder, { recursive: true }))

  const refusal = (code: string, sentence: RegExp) =>
    expect(openSqliteDatabase(path)).rejects.toMatchObject({ code, message: expect.stringMatching(sentence) as string })

  test('a file of another kind is refused and left as it is', async () => {
    await writeFile(path, 'name,age\n'.repeat(1000))
    await refusal('storage', /is not a Trainyard database/)
  })

  test('the database of another program is refused', async () => {
    const foreign = new DatabaseSync(path)
    foreign.exec('CREATE TABLE notes (text)')
    foreign.close()
    await refusal('storage', /is not a Trainyard database/)
  })

  test('a database of a newer version is refused before anything is touched', async () => {
    await (await openSqliteDatabase(path)).close()
    const newer = new DatabaseSync(path)
    newer.exec('PRAGMA user_version = 99')
    newer.close()
    await refusal('failed_precondition', /written by a newer Trainyard/)
  })

  test('a truncated database is refused as damaged', async () => {
    const database = await openSqliteDatabase(path)
    await database.close()
    await truncate(path, 8192)
    await refusal('storage', /damaged/)
  })

  test('a page overwritten with rubbish is told as damage when it is read', async () => {
    const database = await openSqliteDatabase(path)
    await database.close()
    const file = await open(path, 'r+')
    await file.write(Buffer.alloc(4096 * 30, 0x5a), 0, 4096 * 30, 4096)
    await file.close()
    await refusal('storage', /damaged/)
  })

  test('a folder in place of the file is refused', async () => {
    path = folder
    await refusal('storage', /is not a Trainyard database/)
  })

  test('a missing folder is told as such', async () => {
    path = join(folder, 'missing', 'trainyard.db')
    await refusal('storage', /Cannot open the database/)
  })

  test.skipIf(process.getuid?.() === 0)('a read-only folder is told as such', async () => {
    await chmod(folder, 0o500)
    await refusal('storage', /Cannot open the database/)
    await chmod(folder, 0o700)
  })
})

test('a full disk fails the operations of its transaction with a storage error and the database stays usable', async () => {
  const folder = await temporaryFolder()
  await using database = await openSqliteDatabase(join(folder, 'trainyard.db'))
  const setPageLimit = (pages: number) =>
    database.write(({ kysely }) =>
      kysely.executeQuery({
        sql: `PRAGMA max_page_count = ${pages}`,
        parameters: [],
        query: { kind: 'RawNode', sqlFragments: [], parameters: [] },
        queryId: { queryId: 'limit' },
      }),
    )
  await setPageLimit(1)
  const add = (name: string) =>
    database.write(({ kysely }) => kysely.insertInto('projects').values({ name, created_at: 1 }).execute())
  await expect(add('x'.repeat(100_000))).rejects.toMatchObject({
    code: 'storage',
    message: expect.stringContaining('is full') as string,
  })
  await setPageLimit(1_000_000)
  await add('y'.repeat(100_000))
  await rm(folder, { recursive: true })
})
