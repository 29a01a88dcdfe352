import type { JournalInput } from '@trainyard/contract'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createArtifactRecords } from './artifact-records.ts'
import { createJournalRecords } from './journal-records.ts'
import { createLineageRecords } from './lineage-records.ts'
import { type TemporaryDatabase, openTemporaryDatabase } from './testing/temporary-database.ts'
import type { LineageRecords } from './tracking.ts'

const [maker, reader, other] = ['a', 'b', 'c'].map((digit) => digit.repeat(32)) as [string, string, string]
let temporary: TemporaryDatabase
let lineage: LineageRecords

beforeAll(async () => {
  temporary = await openTemporaryDatabase()
  lineage = createLineageRecords(temporary.database)
  await temporary.addRuns(maker, reader, other)
})
afterAll(() => temporary[Symbol.asyncDispose]())

const read = async (run: string, input: JournalInput): Promise<void> => {
  const line = `${JSON.stringify([1, 1_000, 'input', input])}\n`
  await createJournalRecords(temporary.database).ingest(run, 'main', Buffer.from(line))
}

describe('lineage', () => {
  test('knows what was read by its bytes and by its address, both ways', async () => {
    const artifacts = createArtifactRecords(temporary.database)
    const add = (key: string, sha256: string | null) =>
      artifacts.add({
        key,
        kind: 'file',
        runId: maker,
        project: 'p',
        iteration: 0,
        target: `/kept/${key}`,
        createdAtMs: 1,
        ...(sha256 === null ? {} : { sha256 }),
      })
    const [table, model] = [await add('table', 'f00d'), await add('model', null)]
    await read(reader, { key: 'data', url: '/elsewhere/copy.csv', sha256: 'f00d' })
    await read(other, { key: 'model', url: 'store://models/p/model' })
    const found = await lineage.readersOf([table, model], 10)
    expect(found.toSorted((left, right) => left.runId.localeCompare(right.runId))).toEqual([
      { artifactId: table.id, runId: reader },
      { artifactId: model.id, runId: other },
    ])
    const sources = await lineage.sourcesOf([
      { key: 'same bytes', url: '/elsewhere/copy.csv', sha256: 'f00d' },
      { key: 'by name', url: 'store://p/model' },
      { key: 'by place', url: 'file:///kept/model' },
      { key: 'gone', url: 'store://p/nothing' },
      { key: 'never ours', url: 'https://example.org/x.csv' },
    ])
    expect([...sources].map(([key, { id }]) => [key, id])).toEqual([
      ['same bytes', table.id],
      ['by name', model.id],
      ['by place', model.id],
    ])
  })

  test('of nothing is nothing', async () => {
    expect(await lineage.readersOf([], 10)).toEqual([])
    expect(await lineage.readersOfDataset({ name: 'x', digest: 'y' }, 10)).toBeUndefined()
  })
})
