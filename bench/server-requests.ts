import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pythonWithClient } from '../compat/mlflow/client-environment.ts'
import { RealServer } from '../compat/mlflow/real-server.ts'
import type { Figure } from './load/figure.ts'
import { cpuSecondsOf, sendLoad, Serving } from './load/serving.ts'

const clients = 8
const forMs = 3_000
const rounds = 3
/** Counts of requests rise from phase to phase: a step that was sent before would be a repetition. */
const countsPerPhase = 500_000

const count = '"@"'
const counted = (body: object): string => JSON.stringify(body).replaceAll(count, '@@@@@@@')

const single = (run: string): string =>
  counted({ run_id: run, run_uuid: run, key: 'loss', value: 0.123_45, timestamp: 1_700_000_000_000, step: '@' })

/** 1,000 points of ten metrics; the steps of a batch follow those of the one before. */
const batch = (run: string): string =>
  JSON.stringify({
    run_id: run,
    metrics: Array.from({ length: 1_000 }, (_, at) => ({
      key: `m${at % 10}`,
      value: at / 7,
      timestamp: 1_700_000_000_000 + at,
      step: `@${String(Math.floor(at / 10)).padStart(2, '0')}`,
    })),
  }).replaceAll(/"@(\d\d)"/g, '@@@@@@@$1')

const cases = [
  { name: 'log-metric', path: '/api/2.0/mlflow/runs/log-metric', body: single, points: 1, cpu: 60, rate: 20_000, warmMs: 8_000 },
  {
    name: 'log-batch of 1,000',
    path: '/api/2.0/mlflow/runs/log-batch',
    body: batch,
    points: 1_000,
    cpu: 1_200,
    rate: 800_000,
    warmMs: 3_000,
  },
]

/**
 * Requests of the MLflow protocol from eight clients at once, durable. The baseline is a server that parses and keeps nothing, its
 * turns alternating with ours; of three rounds the best of each counts, for colleagues on the machine only ever add time.
 */
export async function measure(): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'trainyard-bench-'))
  try {
    await using ours = await Serving.ours(join(folder, 'data'))
    await using bare = await Serving.bare()
    const runs = await Promise.all(Array.from({ length: clients }, () => ours.createRun()))
    const figures: Figure[] = []
    for (const { name, path, body, points, cpu, rate, warmMs } of cases) {
      const bodies = runs.map(body)
      let phase = 0
      const turn = async (server: Serving, turnMs: number) => {
        const before = server.cpuSeconds()
        const result = await sendLoad({ url: server.url, path, bodies, forMs: turnMs, firstCount: phase++ * countsPerPhase })
        return { ...result, cpu: ((server.cpuSeconds() - before) * 1e6) / result.requests }
      }
      await turn(bare, warmMs / 2)
      await turn(ours, warmMs)
      const results: Record<'ours' | 'bare', Awaited<ReturnType<typeof turn>>[]> = { ours: [], bare: [] }
      for (let round = 0; round < rounds; round++) {
        results.bare.push(await turn(bare, forMs))
        results.ours.push(await turn(ours, forMs))
      }
      const least = (of: 'ours' | 'bare') => Math.min(...results[of].map((each) => each.cpu))
      const most = (of: 'ours' | 'bare') => points * Math.max(...results[of].map((each) => each.requests / each.seconds))
      figures.push(
        { name: `${name}: server CPU per request`, value: least('ours'), unit: 'µs', baseline: least('bare'), budget: cpu },
        {
          name: points === 1 ? `${name}: requests` : `${name}: points`,
          value: most('ours'),
          unit: '/s',
          baseline: most('bare'),
          budget: rate,
          higherIsBetter: true,
        },
        {
          name: `${name}: CPU of the load's own process`,
          value: Math.min(...results.ours.map((each) => each.clientCpuMicroseconds)),
          unit: 'µs',
        },
      )
    }
    figures.push(await searchDuringIngest(ours, runs), await realServer(folder))
    return figures
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

async function searchDuringIngest(server: Serving, runs: readonly string[]): Promise<Figure> {
  const ingest = sendLoad({
    url: server.url,
    path: cases[1]!.path,
    bodies: runs.map(batch),
    forMs: 5_000,
    firstCount: 8 * countsPerPhase,
  })
  const times: number[] = []
  const over = new AbortController()
  void ingest.finally(() => over.abort())
  const query = {
    experiment_ids: ['0'],
    filter: 'metrics.m1 > 0',
    order_by: ['metrics.m2 DESC'],
    max_results: 100,
  }
  while (!over.signal.aborted) {
    const started = performance.now()
    await server.post('/api/2.0/mlflow/runs/search', query)
    times.push(performance.now() - started)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  await ingest
  times.sort((left, right) => left - right)
  return { name: 'search during full-speed ingest: p99', value: times[Math.floor(times.length * 0.99)]!, unit: 'ms', budget: 100 }
}

/** The same single request to the server that comes with the official client, one worker. */
async function realServer(folder: string): Promise<Figure> {
  const name = 'log-metric on a real `mlflow server`: server CPU per request'
  const python = pythonWithClient()
  if (!python) return { name: `${name} (NOT RUN: no client)`, value: Number.NaN, unit: 'µs' }
  await using server = await RealServer.start(python, folder)
  const created = await fetch(`${server.url}/api/2.0/mlflow/runs/create`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"experiment_id":"0"}',
  })
  const { run } = (await created.json()) as { run: { info: { run_id: string } } }
  const before = server.processIds().map((pid) => cpuSecondsOf(pid))
  const bodies = Array.from({ length: clients }, () => single(run.info.run_id))
  const { requests } = await sendLoad({ url: server.url, path: cases[0]!.path, bodies: bodies.slice(0, 1), forMs, firstCount: 0 })
  const after = server.processIds().map((pid) => cpuSecondsOf(pid))
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)
  return { name, value: ((sum(after) - sum(before)) * 1e6) / requests, unit: 'µs' }
}
