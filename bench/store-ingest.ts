import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { openSqliteDatabase } from '../packages/platform/src/database/index.ts'
import { createTracking, type Tracking } from '../packages/platform/src/tracking/index.ts'

/** `baseline` is the bare limit, measured in the same run: see each measurement. */
export interface Figure {
  name: string
  value: number
  unit: string
  baseline?: number
  budget?: number
  higherIsBetter?: boolean
}

const pointCount = 1_000_000
const spikeAt = 500_123
const pieceBytes = 4 << 20

/** How fast metrics get into the store and out of it, everything durable (`synchronous=FULL`) and on disk. */
export async function measure(): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'trainyard-bench-'))
  try {
    await using database = await openSqliteDatabase(join(folder, 'trainyard.db'))
    const tracking = createTracking(database)
    using bare = createBareStore(join(folder, 'bare.db'))
    return [
      ...(await measureAppends(tracking, bare)),
      await measureManySeries(tracking),
      await measureJournal(tracking),
      ...(await measureSampling(tracking, bare)),
    ]
  } finally {
    rmSync(folder, { recursive: true })
  }
}

interface Point {
  key: string
  step: number
  timeMs: number
  value: number
}

const makePoints = (count: number, key = (_index: number) => 'loss'): Point[] =>
  Array.from({ length: count }, (_, index) => ({
    key: key(index),
    step: index,
    timeMs: 1_700_000_000_000 + index,
    value: index === spikeAt ? 1000 : Math.sin(index / 1000),
  }))

/** The plainest table there can be: one row per point, inserted by one prepared statement. */
function createBareStore(path: string) {
  const database = new DatabaseSync(path)
  database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -65536; PRAGMA mmap_size = 1073741824;
    CREATE TABLE points (series INTEGER, step INTEGER, time INTEGER, value REAL, PRIMARY KEY (series, step)) STRICT, WITHOUT ROWID`)
  const insert = database.prepare('INSERT INTO points VALUES (?, ?, ?, ?)')
  const select = database.prepare('SELECT step, time, value FROM points WHERE series = ?')
  select.setReturnArrays(true)
  return {
    append(series: number, points: readonly Point[]): void {
      database.exec('BEGIN IMMEDIATE')
      for (const { step, timeMs, value } of points) insert.run(series, step, timeMs, value)
      database.exec('COMMIT')
    },
    readAll: (series: number): number => select.all(series).length,
    [Symbol.dispose]: () => database.close(),
  }
}

type BareStore = ReturnType<typeof createBareStore>

const newRun = async (tracking: Tracking, number: number): Promise<string> => {
  const id = number.toString(16).padStart(32, '0')
  const named = { name: 'bench', project: 'bench', experiment: 'bench', owner: 'bench', host: 'bench', outPath: '/' }
  await tracking.runs.create({ id, kind: 'run', state: 'running', ...named })
  return id
}

async function measureMs(action: () => unknown): Promise<number> {
  globalThis.gc?.()
  const start = performance.now()
  await action()
  return performance.now() - start
}

const perSecond = (count: number, tookMs: number): number => Math.round((count / tookMs) * 1000)

async function measureAppends(tracking: Tracking, bare: BareStore): Promise<Figure[]> {
  const figures: Figure[] = []
  for (const [index, batch] of [100, 1000, 10_000, 100_000].entries()) {
    const run = await newRun(tracking, index + 1)
    const points = makePoints(batch < 1000 ? pointCount / 10 : pointCount)
    const batches = Array.from({ length: points.length / batch }, (_, at) => points.slice(at * batch, (at + 1) * batch))
    const tookMs = await measureMs(async () => {
      for (const part of batches) await tracking.metrics.append(run, part)
    })
    const bareMs = await measureMs(() => {
      for (const part of batches) bare.append(index + 1, part)
    })
    figures.push({
      name: `durable points in batches of ${batch.toLocaleString('en')} (baseline: bare inserts)`,
      value: perSecond(points.length, tookMs),
      unit: 'points/s',
      baseline: perSecond(points.length, bareMs),
      higherIsBetter: true,
      ...(batch === 1000 ? { budget: 500_000 } : {}),
    })
  }
  return figures
}

async function measureManySeries(tracking: Tracking): Promise<Figure> {
  const run = await newRun(tracking, 10)
  const points = makePoints(pointCount / 5, (index) => `series ${index % 50}`)
  const tookMs = await measureMs(async () => {
    for (let at = 0; at < points.length; at += 1000) await tracking.metrics.append(run, points.slice(at, at + 1000))
  })
  return {
    name: 'durable points of 50 series in batches of 1,000',
    value: perSecond(points.length, tookMs),
    unit: 'points/s',
    higherIsBetter: true,
  }
}

async function measureJournal(tracking: Tracking): Promise<Figure> {
  const run = await newRun(tracking, 11)
  const keys = ['loss', 'accuracy', 'val/loss']
  const lines = Array.from(
    { length: pointCount },
    (_, index) =>
      `[${index + 1},${1_700_000_000_000 + index},"metric","${keys[index % 3]}",${Math.floor(index / 3)},${Math.cos(index)}]\n`,
  )
  const bytes = Buffer.from(lines.join(''))
  lines.length = 0
  const tookMs = await measureMs(async () => {
    for (let at = 0; at < bytes.length;) {
      const { consumedBytes } = await tracking.journals.ingest(run, 'journal', bytes.subarray(at, at + pieceBytes), at)
      at += consumedBytes
    }
  })
  let entries = 0
  const parseMs = await measureMs(() => {
    for (let at = 0; at < bytes.length; entries++) {
      const end = bytes.indexOf(10, at)
      JSON.parse(bytes.toString('utf8', at, end))
      at = end + 1
    }
  })
  if (entries !== pointCount) throw new Error('The journal was not read whole.')
  return {
    name: 'journal of 1,000,000 metric lines, stored (baseline: JSON.parse of the lines)',
    value: Math.round(tookMs),
    unit: 'ms',
    baseline: Math.round(parseMs),
    budget: 1500,
  }
}

/** The series of the appends above, and the same points in random order. */
async function measureSampling(tracking: Tracking, bare: BareStore): Promise<Figure[]> {
  const shuffled = await newRun(tracking, 12)
  const points = makePoints(pointCount)
  await tracking.metrics.append(
    shuffled,
    points.map((_, index) => points[(index * 611_953) % pointCount]!),
  )
  const ordered = (2).toString(16).padStart(32, '0')
  const figures: Figure[] = []
  for (const [name, run] of Object.entries({ 'in order': ordered, shuffled })) {
    const sample = async () => {
      const sampled = await tracking.metrics.sampled(run, 'loss', { maxPoints: 1000 })
      if (!sampled.some((point) => point.step === spikeAt)) throw new Error('The spike was lost.')
    }
    figures.push({
      name: `1,000,000 points ${name} sampled to 1,000 (baseline: bare read)`,
      value: await medianMs(sample),
      unit: 'ms',
      baseline: await medianMs(() => bare.readAll(2)),
      budget: 50,
    })
  }
  return figures
}

async function medianMs(action: () => unknown): Promise<number> {
  const times: number[] = []
  for (let round = 0; round < 7; round++) times.push(await measureMs(action))
  return times.sort((left, right) => left - right)[3]!
}

if (import.meta.main) console.table(await measure())
