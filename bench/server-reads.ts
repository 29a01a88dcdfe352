import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSqliteDatabase } from '../packages/platform/src/database/index.ts'
import { type Figure, medianOf } from './load/figure.ts'
import { Serving } from './load/serving.ts'
import { fillSearchStore } from './search-store.ts'

const tries = 40

/** One request after the other, from the client's side of the socket: what a user waits for. */
export async function measure(): Promise<Figure[]> {
  const figures: Figure[] = []
  for (const [runCount, budget] of [
    [2_000, 2],
    [100_000, 40],
  ] as const) {
    const folder = mkdtempSync(join(tmpdir(), 'trainyard-bench-'))
    try {
      const data = join(folder, 'data')
      mkdirSync(join(data, 'runs'), { recursive: true })
      {
        await using database = await openSqliteDatabase(join(data, 'trainyard.db'))
        await fillSearchStore(database, runCount)
      }
      await using server = await Serving.ours(data)
      figures.push(...(await searches(server, runCount, budget)))
      if (runCount === 2_000) figures.push(...(await histories(server)))
    } finally {
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
    }
  }
  return figures
}

const get = (server: Serving, path: string, query: Record<string, string>) => async (): Promise<unknown> => {
  const response = await fetch(`${server.url}${path}?${new URLSearchParams(query).toString()}`)
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
  return await response.arrayBuffer()
}

/** Median of what the client waits, and the server's own time, which others on the machine disturb less. */
async function timed(server: Serving, name: string, budget: number, action: () => Promise<unknown>): Promise<Figure[]> {
  for (let at = 0; at < tries; at++) await action()
  const times: number[] = []
  const before = server.cpuSeconds()
  for (let at = 0; at < tries; at++) {
    const started = performance.now()
    await action()
    times.push(performance.now() - started)
  }
  const cpuMs = ((server.cpuSeconds() - before) * 1000) / tries
  return [
    { name, value: medianOf(times), unit: 'ms', budget },
    { name: `${name}: server CPU`, value: cpuMs, unit: 'ms', budget },
  ]
}

async function searches(server: Serving, runCount: number, budget: number): Promise<Figure[]> {
  const name = `search of ${runCount.toLocaleString('en')} runs, filter and metric order`
  const query = {
    experiment_ids: ['1'],
    filter: "metrics.m2 > 0.5 and params.p8 != 'x' and tags.team = 'ads'",
    order_by: ['metrics.m1 DESC'],
  }
  const search = (most: number) => () => server.post('/api/2.0/mlflow/runs/search', { ...query, max_results: most })
  return [
    ...(runCount === 2_000 ? await timed(server, `${name}, page of 10`, budget, search(10)) : []),
    ...(await timed(server, `${name}, page of 100`, runCount === 2_000 ? 4 : budget, search(100))),
  ]
}

async function histories(server: Serving): Promise<Figure[]> {
  const run = await server.createRun()
  for (const [key, count] of [
    ['short', 25_000],
    ['long', 1_000_000],
  ] as const) {
    for (let at = 0; at < count; at += 1_000) {
      const metrics = Array.from({ length: 1_000 }, (_, index) => ({
        key,
        value: Math.sin((at + index) / 100),
        timestamp: 1_700_000_000_000 + at + index,
        step: at + index,
      }))
      await server.post('/api/2.0/mlflow/runs/log-batch', { run_id: run, metrics })
    }
  }
  const history = get(server, '/api/2.0/mlflow/metrics/get-history', { run_id: run, metric_key: 'short', max_results: '25000' })
  const interval = get(server, '/ajax-api/2.0/mlflow/metrics/get-history-bulk-interval', {
    run_ids: run,
    metric_key: 'long',
    max_results: '320',
  })
  return [
    ...(await timed(server, 'history of 25,000 points', 10, history)),
    ...(await timed(server, 'interval of 1,000,000 points in 320', 50, interval)),
  ]
}
