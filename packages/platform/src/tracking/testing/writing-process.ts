/**
 * A process that writes runs until it is told to stop or killed, for tests that do so: `node writing-process.ts <database> <count>`.
 * Every id is printed after its write was acknowledged, and not before.
 */
import { writeSync } from 'node:fs'
import { newRunId } from '@trainyard/contract'
import { openDatabase } from '../../database/index.ts'
import { createTracking } from '../create-tracking.ts'

const [path, count] = [process.argv[2]!, Number(process.argv[3])]
const database = await openDatabase(path)
const tracking = createTracking(database)
const values = {
  project: 'default',
  experiment: 'e',
  kind: 'run',
  state: 'running',
  owner: 'ada',
  host: 'here',
  outPath: '/out',
} as const

const writeOne = async (): Promise<void> => {
  const id = newRunId(Date.now())
  await tracking.runs.create({ ...values, id, name: `run of ${process.pid}`, parameters: { eta: 0.3 } })
  await tracking.metrics.append(id, [{ key: 'loss', step: 0, timeMs: 1, value: 0.5 }])
  writeSync(1, `${id}\n`)
}

for (let written = 0; written < count; written += 4) await Promise.all([writeOne(), writeOne(), writeOne(), writeOne()])
await database.close()
