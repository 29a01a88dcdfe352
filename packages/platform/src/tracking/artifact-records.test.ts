import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { forgetArtifacts } from './artifact-change.ts'
import { createArtifactRecords } from './artifact-records.ts'
import { parseArtifactReference } from './artifact-reference.ts'
import { createJournalRecords } from './journal-records.ts'
import { getRunNumber } from './run-number.ts'
import { createShippedRuns } from './shipped-runs.ts'
import { type TemporaryDatabase, openTemporaryDatabase } from './testing/temporary-database.ts'
import type { ArtifactRecords, NewArtifact } from './tracking.ts'

let temporary: TemporaryDatabase
let artifacts: ArtifactRecords
let names = 0

beforeAll(async () => {
  temporary = await openTemporaryDatabase()
  artifacts = createArtifactRecords(temporary.database)
})
afterAll(() => temporary[Symbol.asyncDispose]())

const newRun = async (): Promise<string> => {
  const id = (++names).toString(16).padStart(4, '0').repeat(8)
  await temporary.addRuns(id)
  return id
}
const newProject = (): string => `project-${++names}`
const add = (project: string, runId: string | null, change: Partial<NewArtifact> = {}) =>
  artifacts.add({
    key: 'model',
    kind: 'model',
    runId,
    project,
    iteration: 0,
    target: `/artifacts/${++names}`,
    createdAtMs: 1000,
    ...change,
  })
const isMissing = (sentence: string) => ({ code: 'not_found', message: sentence })

test('are found by a part of the key, whatever the case, whose marks stand for themselves', async () => {
  const project = newProject()
  for (const key of ['confusion_matrix', 'Confusion-plot', 'model']) await add(project, null, { key })
  const found = async (contains: string) => (await artifacts.search({ project, contains })).map(({ key }) => key)
  expect(await found('CONFUSION')).toEqual(['Confusion-plot', 'confusion_matrix'])
  expect(await found('n_m')).toEqual(['confusion_matrix'])
  expect(await found('%')).toEqual([])
})

describe('versions', () => {
  test('come back as they were added', async () => {
    const [project, run] = [newProject(), await newRun()]
    const added = await add(project, run, {
      tag: 'prod',
      labels: { team: 'a', ['__proto__']: 'b' },
      metadata: { framework: 'xgboost', metrics: { accuracy: 1 } },
      sizeBytes: 7,
      sha256: 'abc',
      format: 'txt',
    })
    expect(added).toMatchObject({
      project,
      key: 'model',
      kind: 'model',
      runId: run,
      iteration: 0,
      tags: ['latest', 'prod'],
      metadata: { framework: 'xgboost', metrics: { accuracy: 1 } },
      sizeBytes: 7,
      sha256: 'abc',
      format: 'txt',
      createdAtMs: 1000,
    })
    expect(Object.entries(added.labels)).toEqual([
      ['__proto__', 'b'],
      ['team', 'a'],
    ])
    expect(await artifacts.get(added.id)).toEqual(added)
  })

  test('of one key hand the tag latest on, and user tags where they are given', async () => {
    const [project, first, second] = [newProject(), await newRun(), await newRun()]
    const one = await add(project, first, { tag: 'prod' })
    const two = await add(project, second)
    const three = await add(project, second, { key: 'other', tag: 'prod' })
    expect((await artifacts.get(one.id)).tags).toEqual(['prod'])
    expect(two.tags).toEqual(['latest'])
    expect(three.tags).toEqual(['latest', 'prod'])
    await artifacts.tag(two.id, { add: ['prod', 'best'], remove: ['latest'] })
    expect((await artifacts.get(one.id)).tags).toEqual([])
    expect((await artifacts.get(two.id)).tags).toEqual(['best', 'prod'])
    await expect(artifacts.tag(two.id, { add: ['a:b'] })).rejects.toMatchObject({ code: 'invalid_argument' })
  })

  test('logged again by the same run make the newer one current', async () => {
    const [project, run] = [newProject(), await newRun()]
    const one = await add(project, run)
    const other = await add(project, run, { key: 'plot', kind: 'plot' })
    const two = await add(project, run)
    expect((await artifacts.ofRun(run)).map(({ id }) => id)).toEqual([other.id, two.id])
    expect((await artifacts.search({ runId: run, allVersions: true })).map(({ id }) => id)).toEqual([two.id, other.id, one.id])
  })

  test('asked for by a journal are stored once, however often that is tried', async () => {
    const [project, run] = [newProject(), await newRun()]
    const journals = createJournalRecords(temporary.database)
    const line = '[1,1,"artifact",{"key":"model","kind":"model","file":"files/1","path":"model.txt"}]\n'
    await journals.ingest(run, 'journal', Buffer.from(line))
    const settles = { journal: 'journal', sequence: 1 }
    const one = await add(project, run, { settles })
    const again = await add(project, run, { settles })
    expect(again).toEqual(one)
    expect(await journals.pending(run)).toEqual([])
    expect(await artifacts.search({ runId: run, allVersions: true })).toHaveLength(1)
  })
})

describe('resolve', () => {
  test('finds by key, tag, run, beginning of a run id, and iteration', async () => {
    const [project, first, second] = [newProject(), await newRun(), await newRun()]
    const one = await add(project, first, { tag: 'prod' })
    const two = await add(project, second, { iteration: 3 })
    const found = async (text: string) => (await artifacts.resolve(project, text)).id
    expect(await found('model')).toBe(two.id)
    expect(await found('model:latest')).toBe(two.id)
    expect(await found('model:prod')).toBe(one.id)
    expect(await found(`model@${first}`)).toBe(one.id)
    expect(await found(`model@${first.slice(0, 12)}`)).toBe(one.id)
    expect(await found(`model:prod@${first}#0`)).toBe(one.id)
    expect(await found('model#3')).toBe(two.id)
    expect(await found(`model#3@${second}`)).toBe(two.id)
  })

  test('takes a key as it is written first', async () => {
    const project = newProject()
    const plain = await add(project, null, { key: 'data', tag: 'v1' })
    expect((await artifacts.resolve(project, 'data:v1')).id).toBe(plain.id)
    const odd = await add(project, null, { key: 'data:v1', tag: 'x' })
    expect((await artifacts.resolve(project, 'data:v1')).id).toBe(odd.id)
    expect((await artifacts.resolve(project, 'data:v1:x')).id).toBe(odd.id)
  })

  test('says what there is instead', async () => {
    const project = newProject()
    await expect(artifacts.resolve(project, 'model')).rejects.toMatchObject(
      isMissing(`There is no artifact 'model' in project '${project}', which has none yet.`),
    )
    await add(project, null, { key: 'iris_dataset', tag: 'v1' })
    await expect(artifacts.resolve(project, 'iris-dataset:v1')).rejects.toMatchObject(
      isMissing(`There is no artifact 'iris-dataset' in project '${project}'; did you mean 'iris_dataset'?`),
    )
    await expect(artifacts.resolve(project, 'zebra')).rejects.toMatchObject(
      isMissing(`There is no artifact 'zebra' in project '${project}'; there are iris_dataset.`),
    )
    await expect(artifacts.resolve(project, 'iris_dataset:prod')).rejects.toMatchObject(
      isMissing(`There is no version of artifact 'iris_dataset' tagged 'prod' in project '${project}'; its tags are latest, v1.`),
    )
    await expect(artifacts.get('nothing')).rejects.toMatchObject({ code: 'not_found' })
  })

  test('a reference comes apart into what it was put together from', () => {
    const word = fc.stringMatching(/^[\w./ -]{1,8}$/)
    const tag = fc.stringMatching(/^[\w.-]{1,8}$/)
    const shape = fc.record(
      { key: word, tag, runId: fc.stringMatching(/^[0-9a-f]{4,32}$/), iteration: fc.nat(999) },
      { requiredKeys: ['key'] },
    )
    fc.assert(
      fc.property(shape, fc.boolean(), (reference, isIterationFirst) => {
        const suffixes = [
          reference.tag === undefined ? '' : `:${reference.tag}`,
          reference.runId === undefined ? '' : `@${reference.runId}`,
        ]
        const iteration = reference.iteration === undefined ? '' : `#${reference.iteration}`
        const text = reference.key + (isIterationFirst ? [iteration, ...suffixes] : [...suffixes, iteration]).join('')
        expect(parseArtifactReference(text)).toEqual(reference)
      }),
    )
  })

  test('a key keeps the marks that cannot be parts', () => {
    expect(parseArtifactReference('a:b:c')).toEqual({ key: 'a:b', tag: 'c' })
    expect(parseArtifactReference('plots/a#x')).toEqual({ key: 'plots/a#x' })
    expect(parseArtifactReference(':x')).toEqual({ key: ':x' })
    expect(parseArtifactReference('s3://bucket/x')).toEqual({ key: 's3://bucket/x' })
  })
})

describe('search', () => {
  test('lists the latest version of each key, newest first, or all versions, by kind, tag and page', async () => {
    const [project, run] = [newProject(), await newRun()]
    const one = await add(project, run, { tag: 'old' })
    const two = await add(project, null)
    const plot = await add(project, run, { key: 'plot', kind: 'plot' })
    const ids = async (query: object) => (await artifacts.search({ project, ...query })).map(({ id }) => id)
    expect(await ids({})).toEqual([plot.id, two.id])
    expect(await ids({ allVersions: true })).toEqual([plot.id, two.id, one.id])
    expect(await ids({ allVersions: true, limit: 1, offset: 1 })).toEqual([two.id])
    expect(await ids({ offset: 1 })).toEqual([two.id])
    expect(await ids({ kind: 'plot' })).toEqual([plot.id])
    expect(await ids({ tag: 'old' })).toEqual([one.id])
    expect(await ids({ key: 'model', runId: run })).toEqual([one.id])
  })
})

describe('links', () => {
  test('show the artifacts of another run, the latest link of each key, and can be made again', async () => {
    const [project, parent, first, second] = [newProject(), await newRun(), await newRun(), await newRun()]
    const one = await add(project, first, { iteration: 1 })
    const two = await add(project, second, { iteration: 2 })
    const own = await add(project, parent, { key: 'table', kind: 'table' })
    await artifacts.link(parent, [two.id])
    await artifacts.link(parent, [one.id])
    await artifacts.link(parent, [one.id])
    expect((await artifacts.ofRun(parent)).map(({ id }) => id)).toEqual([one.id, own.id])
    expect((await artifacts.resolve(project, `model@${parent}`)).id).toBe(one.id)
    expect((await artifacts.resolve(project, 'model')).id).toBe(one.id)
  })
})

describe('links that come late from another machine', () => {
  test('leave the tag latest with what somebody else has made since, and take it from their own', async () => {
    const shipped = createShippedRuns(temporary.database)
    const [project, sweep, first, second, other] = [newProject(), await newRun(), await newRun(), await newRun(), await newRun()]
    await temporary.database.write(async ({ kysely }) => {
      const { number } = await kysely.selectFrom('runs').select('number').where('id', '=', sweep).executeTakeFirstOrThrow()
      await kysely.updateTable('runs').set({ parent: number }).where('id', 'in', [first, second]).execute()
    })
    const latest = async () => (await artifacts.resolve(project, 'model')).id
    const [one, two] = [await add(project, first, { createdAtMs: 10 }), await add(project, second, { createdAtMs: 20 })]
    await shipped.linkArtifacts(sweep, [one.id])
    expect([await latest(), (await artifacts.ofRun(sweep)).map(({ id }) => id)]).toEqual([one.id, [one.id]])
    const since = await add(project, other, { createdAtMs: 30 })
    await shipped.linkArtifacts(sweep, [two.id])
    expect([await latest(), (await artifacts.ofRun(sweep)).map(({ id }) => id)]).toEqual([since.id, [two.id]])
  })
})

describe('forgetting the artifacts of purged runs', () => {
  const forget = async (...runs: string[]) => {
    const numbers = await temporary.database.read((reader) => Promise.all(runs.map((run) => getRunNumber(reader, run))))
    return await temporary.database.write((transaction) => forgetArtifacts(transaction, numbers))
  }

  test('gives the targets nobody refers to any more, and latest goes back', async () => {
    const [project, first, second] = [newProject(), await newRun(), await newRun()]
    const kept = await add(project, first, { target: `/shared-${project}` })
    await add(project, second, { target: `/shared-${project}` })
    await add(project, second, { target: `/own-${project}` })
    expect(await forget(second)).toEqual([`/own-${project}`])
    expect((await artifacts.resolve(project, 'model')).id).toBe(kept.id)
    expect(await forget(first)).toEqual([`/shared-${project}`])
    expect(await artifacts.search({ project, allVersions: true })).toEqual([])
  })

  test('hands over what a run that stays links to', async () => {
    const [project, parent, child] = [newProject(), await newRun(), await newRun()]
    const best = await add(project, child, { iteration: 1 })
    const other = await add(project, child, { key: 'plot', iteration: 1 })
    await artifacts.link(parent, [best.id])
    expect(await forget(child)).toEqual([other.target])
    expect(await artifacts.ofRun(parent)).toMatchObject([{ id: best.id, runId: parent }])
  })
})
