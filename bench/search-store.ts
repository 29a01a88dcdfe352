import { newRunId } from '@trainyard/contract'
import type { ColumnValue, Database, TableName } from '../packages/platform/src/database/index.ts'

/** A repeatable generator (mulberry32), so that figures of two days speak of the same store. */
export const createRandom = (seed: number) => {
  let state = seed
  return (): number => {
    state = (state + 0x6d_2b_79_f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

const teams = ['vision', 'speech', 'text', 'search', 'ads', 'maps', 'core', 'risk']
const firstCreatedAtMs = Date.UTC(2026, 0, 1)

/**
 * Fills an empty database with `count` ended runs of 10 metrics (uniform in 0 to 1), 10 parameters (`p0` … `p7` numbers with 10 to
 * 10,000 different values, `p8` and `p9` texts) and 5 labels (`team` of 8, `stage` of 3, `rare` of 1,000, `unique`, `always`).
 */
export async function fillSearchStore(database: Database, count: number): Promise<void> {
  const random = createRandom(1)
  await database.write(async (transaction) => {
    await transaction.insertRows('projects', ['number', 'name', 'created_at'], [[1, 'default', 0]])
    await transaction.insertRows('experiments', ['number', 'project', 'name', 'created_at'], [[1, 1, 'default', 0]])
  })
  const batch = 10_000
  for (let start = 1; start <= count; start += batch) {
    const numbers = Array.from({ length: Math.min(batch, count - start + 1) }, (_, index) => start + index)
    await database.write(async (transaction) => {
      const insert = (table: TableName, columns: string[], rows: Iterable<ColumnValue[]>) =>
        transaction.insertRows(table, columns, rows)
      await insert('runs', runColumns, numbers.map(runRow))
      await insert('run_documents', ['run', 'out_path', 'code', 'environment'], numbers.map(documentRow))
      await insert('metric_series', seriesColumns, metricRows(numbers, random))
      await insert('parameters', ['run', 'key', 'number', 'text', 'value'], parameterRows(numbers, random))
      await insert('labels', ['run', 'key', 'text', 'value'], labelRows(numbers, random))
    })
  }
}

const runColumns = [
  'number',
  'id',
  'project',
  'experiment',
  'name',
  'kind',
  'iteration',
  'state',
  'created_at',
  'started_at',
  'ended_at',
  'updated_at',
  'owner',
  'host',
  'attempt',
]

const runRow = (number: number): ColumnValue[] => {
  const createdAtMs = firstCreatedAtMs + number * 60_000
  const state = number % 20 === 0 ? 'failed' : 'completed'
  const id = newRunId(createdAtMs)
  const endedAtMs = createdAtMs + 1000 + (number % 977) * 100
  return [
    number,
    id,
    1,
    1,
    `train-${number % 50}`,
    'run',
    0,
    state,
    createdAtMs,
    createdAtMs + 10,
    endedAtMs,
    endedAtMs,
    'user',
    'host',
    1,
  ]
}

const documentRow = (number: number): ColumnValue[] => {
  const code = JSON.stringify({ file: 'train.py', commandLine: ['train.py', String(number)], workingDirectory: '/home/user' })
  const environment = JSON.stringify({ operatingSystem: 'linux', host: 'host', cpuModel: 'x', cpuCount: 8, memoryBytes: 1 })
  return [number, `/data/artifacts/default/${number}`, code, environment]
}

const seriesColumns = [
  'run',
  'key',
  'point_count',
  'last_step',
  'last_time',
  'last_value',
  'min_value',
  'max_value',
  'is_ordered',
  'open_ordinal',
]

function* metricRows(numbers: readonly number[], random: () => number): Generator<ColumnValue[]> {
  for (const number of numbers) {
    for (let metric = 0; metric < 10; metric++) {
      const value = metric === 9 ? Math.round(random() * 10) / 10 : random()
      yield [number, `m${metric}`, 100, 99, firstCreatedAtMs, value, 0, 1, 1, 0]
    }
  }
}

function* parameterRows(numbers: readonly number[], random: () => number): Generator<ColumnValue[]> {
  for (const number of numbers) {
    for (let parameter = 0; parameter < 10; parameter++) {
      const value = Math.floor(random() * 10 ** (1 + (parameter % 4)))
      if (parameter < 8) yield [number, `p${parameter}`, value, String(value), String(value)]
      else yield [number, `p${parameter}`, null, `text-${value}`, `"text-${value}"`]
    }
  }
}

function* labelRows(numbers: readonly number[], random: () => number): Generator<ColumnValue[]> {
  for (const number of numbers) {
    const labels = {
      team: teams[Math.floor(random() * teams.length)]!,
      stage: ['dev', 'test', 'production'][Math.floor(random() * 3)]!,
      rare: `r${Math.floor(random() * 1000)}`,
      unique: `u${number}`,
      always: 'yes',
    }
    for (const [key, value] of Object.entries(labels)) yield [number, key, value, value]
  }
}
