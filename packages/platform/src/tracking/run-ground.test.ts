import { type CodeVersion, type EnvironmentInfo, newRunId } from '@trainyard/contract'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { sharedGround, withGround } from './run-ground.ts'
import { createRunRecords } from './run-records.ts'
import { openTemporaryDatabase, type TemporaryDatabase } from './testing/temporary-database.ts'
import type { NewRun, RunRecords } from './tracking.ts'

let temporary: TemporaryDatabase
let runs: RunRecords
let nowMs = 1_000

beforeAll(async () => {
  temporary = await openTemporaryDatabase()
  runs = createRunRecords(temporary.database, { nowMs: () => ++nowMs })
})
afterAll(() => temporary[Symbol.asyncDispose]())

const code: CodeVersion = { file: '/home/ada/train.py', commandLine: ['trainyard', 'run'], workingDirectory: '/home/ada' }
const environment: EnvironmentInfo = {
  operatingSystem: 'Linux',
  host: 'lab',
  cpuModel: 'Epyc',
  cpuCount: 8,
  memoryBytes: 64e9,
  choices: {},
}

async function create(values: Partial<NewRun>) {
  const id = newRunId(++nowMs)
  const common = { project: 'p', experiment: 'e', state: 'completed', owner: 'ada', host: 'lab', outPath: '/out' } as const
  await runs.create({ id, name: 'tune', kind: 'run', ...common, ...values })
  return runs.get(id)
}

test('an iteration has the code and environment of its sweep, but for those of its own', async () => {
  const sweep = await create({ kind: 'sweep', code })
  await runs.update(sweep.id, { environment })
  const iteration = await create({ kind: 'iteration', parentId: sweep.id, iteration: 1 })
  const run = { id: sweep.id, name: 'tune' }
  expect(await sharedGround(runs, iteration)).toEqual({ run, code, environment })
  expect(await withGround(runs, iteration)).toEqual({ ...iteration, code, environment })

  const own = { ...code, file: '/home/ada/other.py' }
  const another = await create({ kind: 'iteration', parentId: sweep.id, iteration: 2, code: own })
  expect(await sharedGround(runs, another)).toEqual({ run, code: null, environment })
  expect(await withGround(runs, another)).toMatchObject({ code: own, environment })
})

test('any other run has only its own, also below another', async () => {
  const parent = await create({ code })
  const nested = await create({ parentId: parent.id })
  expect(await sharedGround(runs, nested)).toBeNull()
  expect(await withGround(runs, nested)).toBe(nested)
  const bare = await create({ kind: 'sweep' })
  expect(await sharedGround(runs, await create({ kind: 'iteration', parentId: bare.id, iteration: 1 }))).toBeNull()
})
