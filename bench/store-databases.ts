import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { newRunId } from '../packages/contract/src/index.ts'
import { openDatabase } from '../packages/platform/src/database/index.ts'
import { createTracking, type Tracking } from '../packages/platform/src/tracking/index.ts'
import { postgresProblem, startPostgresServer } from '../testing/engines/postgres-server.mjs'
import type { Figure } from './store-ingest.ts'

const clients = 8
const batchPoints = 1_000
const durable = { fsync: 'on', full_page_writes: 'on', autovacuum: 'on' }

/** Postgres on this machine, everything on disk; the baseline is SQLite, given the same work in the same run. */
export async function measure(): Promise<Figure[]> {
  const problem = postgresProblem()
  if (problem) {
    console.log(`left out   Postgres: ${problem}`)
    return []
  }
  const folder = mkdtempSync(join(tmpdir(), 'trainyard-bench-'))
  const server = await startPostgresServer({ settings: durable })
  try {
    const sqlite = await measureOn(join(folder, 'trainyard.db'))
    const postgres = await measureOn(server.url)
    return postgres.map((figure, at) => ({ ...figure, baseline: sqlite[at]!.value }))
  } finally {
    await server.stop()
    rmSync(folder, { recursive: true })
  }
}

async function measureOn(place: string): Promise<Figure[]> {
  await using database = await openDatabase(place)
  const tracking = createTracking(database)
  await tracking.experiments.ensureDefault()
  const runs = await Promise.all(Array.from({ length: clients }, () => createRun(tracking)))
  const rate = (name: string, unit: string, value: number): Figure => ({
    name: `Postgres: ${name}`,
    value,
    unit,
    higherIsBetter: true,
  })
  return [
    rate(
      'points in batches of 1,000',
      'points/s',
      batchPoints * (await perSecond(30, (client, turn) => log(tracking, runs[client]!, turn, batchPoints))),
    ),
    rate(
      'single points, each committed',
      'points/s',
      await perSecond(300, (client, turn) => log(tracking, runs[client]!, turn, 1)),
    ),
    rate('runs created', 'runs/s', await perSecond(50, () => createRun(tracking))),
    rate('runs read by id', 'runs/s', await perSecond(50, (client) => tracking.runs.get(runs[client]!))),
    rate('searches, first page of 100', 'pages/s', await perSecond(5, () => tracking.runs.search({ limit: 100 }))),
  ]
}

/** All clients at once, each one request after the other; the best of three rounds. */
async function perSecond(turns: number, request: (client: number, turn: number) => Promise<unknown>): Promise<number> {
  let best = 0
  for (let round = 0; round < 3; round++) {
    const startedMs = performance.now()
    await Promise.all(
      Array.from({ length: clients }, async (_, client) => {
        for (let turn = 0; turn < turns; turn++) await request(client, round * turns + turn)
      }),
    )
    best = Math.max(best, (clients * turns * 1000) / (performance.now() - startedMs))
  }
  return best
}

let made = 0

async function createRun(tracking: Tracking): Promise<string> {
  const id = newRunId(1_700_000_000_000 + made++)
  const run = { id, name: 'bench', kind: 'run', state: 'running', owner: 'bench', host: 'bench', outPath: '/' } as const
  await tracking.reported.create({ ...run, experimentId: '0', parameters: { eta: made }, labels: { team: 'bench' } })
  return id
}

const log = (tracking: Tracking, runId: string, turn: number, count: number): Promise<void> =>
  tracking.reported.log(runId, {
    points: Array.from({ length: count }, (_, index) => ({
      key: `metric-${index % 10}`,
      step: turn * count + index,
      timeMs: 1_700_000_000_000 + index,
      value: Math.sin(index),
    })),
  })
