import { createWriteStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { newRunId } from '@trainyard/contract'
import * as fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTracking } from './create-tracking.ts'
import { exportRuns } from './run-export.ts'
import { importRuns } from './run-import.ts'
import { openTemporaryDatabase, type TemporaryDatabase } from './testing/temporary-database.ts'
import type { Tracking } from './tracking.ts'

let source: TemporaryDatabase
let tracking: Tracking
let file: Buffer
const parentId = newRunId(1000)
const childId = newRunId(2000)
const modelBytes = Buffer.alloc(3_000_000, 'model')

const pieces = async function* (bytes: Buffer) {
  for (let at = 0; at < bytes.length; at += 70_000) yield bytes.subarray(at, at + 70_000)
}

const collect = async <Value>(values: AsyncIterable<Value>): Promise<Value[]> => {
  const all: Value[] = []
  for await (const value of values) all.push(value)
  return all
}

beforeAll(async () => {
  source = await openTemporaryDatabase()
  tracking = createTracking(source.database)
  const base = { project: 'default', experiment: 'e', owner: 'ada', host: 'here', outPath: '/out', state: 'running' as const }
  await tracking.runs.create({ ...base, id: parentId, name: 'sweep 🚂', kind: 'sweep', createdAtMs: 5000 })
  await tracking.runs.create({
    ...base,
    id: childId,
    name: 'child',
    kind: 'iteration',
    parentId,
    iteration: 1,
    createdAtMs: 6000,
    parameters: { eta: 0.3, ['__proto__']: 'x', text: 'a\u2028b\nc' },
    labels: { team: 'a' },
  })
  const values = [0.5, Number.NaN, Number.POSITIVE_INFINITY, -1]
  await tracking.metrics.append(
    childId,
    values.map((value, step) => ({ key: 'loss', step, timeMs: 7000 + step, value })),
  )
  await tracking.logs.append(childId, [{ offset: 0, timeMs: 7000, bytes: Buffer.from([0xff, 0x0a, 0x41]) }])
  const artifact = await tracking.artifacts.add({
    runId: childId,
    project: 'default',
    iteration: 1,
    key: 'model',
    kind: 'model',
    target: '/out/model',
    tag: 'best',
    labels: { a: 'b' },
    metadata: { framework: 'x' },
    createdAtMs: 7500,
  })
  await tracking.artifacts.link(parentId, [artifact.id])
  await tracking.runs.addProblem(childId, 'A problem.')
  await tracking.runs.transition(childId, {
    to: 'failed',
    reason: 'because',
    atMs: 9000,
    patch: { error: { type: 'E', message: 'm' } },
  })
  await expect(exportTo(join(source.folder, 'early.gz'))).rejects.toMatchObject({ code: 'failed_precondition' })
  await tracking.runs.transition(parentId, { to: 'completed', atMs: 9500 })
  file = await exportTo(join(source.folder, 'runs.gz'))
})
afterAll(() => source[Symbol.asyncDispose]())

async function exportTo(path: string): Promise<Buffer> {
  const readArtifact = async () =>
    (async function* () {
      yield { path: 'model.bin', body: pieces(modelBytes) }
      yield { path: 'empty', body: pieces(Buffer.alloc(0)) }
    })()
  await exportRuns(tracking, [parentId], { output: createWriteStream(path), readArtifact })
  return await readFile(path)
}

interface Imported extends AsyncDisposable {
  tracking: Tracking
  files: Map<string, Buffer>
  import(bytes: Buffer): ReturnType<typeof importRuns>
}

async function openTarget(): Promise<Imported> {
  const temporary = await openTemporaryDatabase()
  const target = createTracking(temporary.database)
  const files = new Map<string, Buffer>()
  return {
    tracking: target,
    files,
    import: (bytes) =>
      importRuns(temporary.database, target, {
        open: () => pieces(bytes),
        outPathOf: ({ id }) => `/imported/${id}`,
        placeArtifact: async (artifact) => ({
          target: `/imported/${artifact.key}`,
          put: async (path, body) => void files.set(path, Buffer.concat(await collect(body))),
        }),
      }),
    [Symbol.asyncDispose]: () => temporary[Symbol.asyncDispose](),
  }
}

test('an import has the same records, points, output and bytes under the same ids, and a repeat changes nothing', async () => {
  await using target = await openTarget()
  expect(await target.import(file)).toEqual({ imported: [parentId, childId], skipped: [] })
  expect(await target.import(file)).toEqual({ imported: [], skipped: [parentId, childId] })
  for (const id of [parentId, childId]) {
    expect(await target.tracking.runs.get(id)).toEqual({ ...(await tracking.runs.get(id)), outPath: `/imported/${id}` })
    expect(await target.tracking.runs.history(id)).toEqual(await tracking.runs.history(id))
    const artifacts = await tracking.artifacts.ofRun(id)
    expect(artifacts).toHaveLength(1)
    expect(await target.tracking.artifacts.ofRun(id)).toEqual(
      artifacts.map((artifact) => Object.assign(artifact, { target: '/imported/model' })),
    )
  }
  expect(await target.tracking.metrics.history(childId, 'loss')).toEqual(await tracking.metrics.history(childId, 'loss'))
  expect(await collect(target.tracking.logs.read(childId))).toEqual(await collect(tracking.logs.read(childId)))
  expect(target.files.get('model.bin')?.equals(modelBytes)).toBe(true)
  expect(target.files.get('empty')?.length).toBe(0)
})

test('an import takes `latest` from older versions only', async () => {
  const [imported] = await tracking.artifacts.ofRun(childId)
  for (const [createdAtMs, remains] of [
    [imported!.createdAtMs + 1, true],
    [imported!.createdAtMs - 1, false],
  ] as const) {
    await using target = await openTarget()
    const { key, project } = imported!
    await target.tracking.artifacts.add({ key, project, kind: 'file', runId: null, iteration: 0, target: '/here', createdAtMs })
    await target.import(file)
    const latest = await target.tracking.artifacts.resolve(project, `${key}:latest`)
    expect(latest.target === '/here').toBe(remains)
  }
})

test('a file cut short or with changed bytes is refused and nothing of it is stored', async () => {
  await using target = await openTarget()
  await fc.assert(
    fc.asyncProperty(fc.nat(file.length - 1), fc.boolean(), async (at, cut) => {
      const broken = cut ? file.subarray(0, at) : Buffer.from(file)
      // The ten bytes of the gzip header hold a time and flags that nobody checks.
      if (!cut) broken[Math.max(at, 10)]! ^= 0x55
      await expect(target.import(broken)).rejects.toMatchObject({ code: 'invalid_argument' })
      expect(await target.tracking.runs.count({ iterations: true })).toBe(0)
    }),
    { numRuns: 30 },
  )
})
