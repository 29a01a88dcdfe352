import type { JournalInput } from '@trainyard/contract'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createArtifactRecords } from './artifact-records.ts'
import { createJournalRecords } from './journal-records.ts'
import { createLineageRecords } from './lineage-records.ts'
import { type TemporaryDatabase, openTemporaryDatabase } from './testing/temporary-database.ts'
import type { LineageRecords } from './tracking.ts'

const idOf = (digit: string): string => digit.repeat(32)
const [maker, reader, other, ofOld, ofTwin, ofYoung] = [idOf('a'), idOf('b'), idOf('c'), idOf('d'), idOf('e'), idOf('f')]
let temporary: TemporaryDatabase
let lineage: LineageRecords

beforeAll(async () => {
  temporary = await openTemporaryDatabase()
  lineage = createLineageRecords(temporary.database)
  await temporary.addRuns(maker, reader, other, ofOld, ofTwin, ofYoung)
})
afterAll(() => temporary[Symbol.asyncDispose]())

const read = async (run: string, input: JournalInput): Promise<void> => {
  const line = `${JSON.stringify([1, 1_000, 'input', input])}\n`
  await createJournalRecords(temporary.database).ingest(run, 'main', Buffer.from(line))
}

const add = (key: string, sha256: string | null, { runId = maker, target = `/kept/${key}` } = {}) =>
  createArtifactRecords(temporary.database).add({
    key,
    kind: 'file',
    runId,
    project: 'p',
    iteration: 0,
    target,
    createdAtMs: 1,
    ...(sha256 === null ? {} : { sha256 }),
  })

describe('lineage', () => {
  test('knows what was read by its bytes and by its address, both ways', async () => {
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

  test('what was read by name is the version of its bytes, not the one of that name now', async () => {
    const [old, young] = [await add('weights', '0ld'), await add('weights', '4e3', { runId: other, target: '/kept/weights-2' })]
    await read(ofOld, { key: 'weights', url: 'store://p/weights', sha256: '0ld' })
    // Those of the younger one do not crowd it out.
    await read(ofYoung, { key: 'weights', url: 'store://p/weights', sha256: '4e3' })
    expect((await lineage.readersOf([old], 1)).map(({ runId }) => runId)).toEqual([ofOld])
    expect(await lineage.readersOf([young], 10)).toEqual([{ artifactId: young.id, runId: ofYoung }])
    const sources = await lineage.sourcesOf([{ key: 'weights', url: 'store://p/weights', sha256: '0ld' }])
    expect(sources.get('weights')?.id).toBe(old.id)
  })

  test('of two artifacts with the same bytes it is the one that was named', async () => {
    const twins = [await add('left', '7717'), await add('right', '7717')] as const
    await read(ofTwin, { key: 'twin', url: 'store://p/left', sha256: '7717' })
    expect(await lineage.readersOf(twins, 10)).toEqual([{ artifactId: twins[0].id, runId: ofTwin }])
  })

  test('of nothing is nothing', async () => {
    expect(await lineage.readersOf([], 10)).toEqual([])
    expect(await lineage.readersOfDataset({ name: 'x', digest: 'y' }, 10)).toBeUndefined()
  })
})
