import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock } from '../packages/platform/src/base/clock.ts'
import { openDatabase } from '../packages/platform/src/database/index.ts'
import { type Figure, medianOf } from './load/figure.ts'
import { Serving } from './load/serving.ts'

const submits = 15
const queued = 1_000
const schedules = 10_000
const idleMs = 20_000

/** Jobs from the request to their first line, a queue that is worked off, and a scheduler that waits. */
export async function measure(): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'trainyard-bench-'))
  try {
    return [...(await measureJobs(folder)), await measureSchedules(join(folder, 'calendar'))]
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

async function measureJobs(folder: string): Promise<Figure[]> {
  writeFileSync(join(folder, 'hello.py'), 'def job():\n    print("first", flush=True)\n')
  await using server = await Serving.ours(join(folder, 'data'))
  const submit = async (task: object): Promise<string> =>
    (await ask<{ job: { runId: string } }>(server.url, 'POST', '/jobs', { task, workingDirectory: folder })).job.runId
  const times: number[] = []
  for (let at = 0; at < submits; at++) {
    const started = performance.now()
    const run = await submit({ command: 'hello.py', handler: 'job' })
    while (!(await outputOf(server.url, run)).includes('first')) await sleep(2)
    times.push(performance.now() - started)
    while ((await ask<{ state: string }>(server.url, 'GET', `/runs/${run}`)).state !== 'completed') await sleep(5)
  }
  const submitted = performance.now()
  const runs = await Promise.all(Array.from({ length: queued }, () => submit({ program: ['true'] })))
  const asked = performance.now()
  while ((await ask<{ jobs: unknown[] }>(server.url, 'GET', '/jobs?state=queued&limit=1')).jobs.length > 0) await sleep(50)
  while ((await ask<{ jobs: unknown[] }>(server.url, 'GET', '/jobs?state=leased&limit=1')).jobs.length > 0) await sleep(10)
  const ended = performance.now()
  const { runs: records } = await ask<{ runs: { state: string }[] }>(server.url, 'POST', '/runs/get', { runs })
  const lost = records.filter(({ state }) => state !== 'completed').length
  if (lost > 0) throw new Error(`${lost} of ${queued} jobs did not complete`)
  return [
    { name: 'jobs: submit to first line, Python, median', value: medianOf(times), unit: 'ms', budget: 150 },
    { name: 'jobs: submit to first line, Python, quickest', value: Math.min(...times), unit: 'ms', budget: 150 },
    { name: 'jobs: taken on, 1,000 at once', value: queued / ((asked - submitted) / 1000), unit: '/s', higherIsBetter: true },
    {
      name: 'jobs: 1,000 no-ops, two at a time',
      value: queued / ((ended - submitted) / 1000),
      unit: '/s',
      budget: 50,
      higherIsBetter: true,
    },
  ]
}

async function measureSchedules(place: string): Promise<Figure> {
  {
    await using _first = await Serving.ours(place)
  }
  await using database = await openDatabase(join(place, 'trainyard.db'))
  const columns = [
    'project',
    'name',
    'owner',
    'state',
    'kind',
    'timing',
    'jitter',
    'concurrency',
    'catch_up',
    'job',
    'secret_names',
    'labels',
    'planned_at',
    'next_at',
    'created_at',
    'updated_at',
  ]
  const nowMs = systemClock.nowMs()
  const timing = JSON.stringify({ kind: 'cron', expression: '0 3 1 1 *' })
  const job = JSON.stringify({ task: { program: ['true'] }, commandLine: [] })
  const rows = Array.from({ length: schedules }, (_, index) => {
    const nextMs = nowMs + 3_600_000 + index * 1_000
    return [
      'p',
      `s${index}`,
      'ada',
      'active',
      'cron',
      timing,
      0,
      'allow',
      'latest',
      job,
      '[]',
      '{}',
      nextMs,
      nextMs,
      nowMs,
      nowMs,
    ]
  })
  await database.write((transaction) => transaction.insertRows('schedules', columns, rows))
  await using server = await Serving.ours(place)
  await sleep(3_000)
  const before = server.cpuSeconds()
  await sleep(idleMs)
  return {
    name: 'schedules: server with 10,000 of them, idle',
    value: ((server.cpuSeconds() - before) / (idleMs / 1000)) * 100,
    unit: '% of a core',
    budget: 1,
  }
}

async function ask<Answer>(url: string, method: string, path: string, body?: object): Promise<Answer> {
  const given = body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }
  const answer = await fetch(`${url}/api/trainyard/v1${path}`, { method, ...given })
  if (!answer.ok) throw new Error(await answer.text())
  return (await answer.json()) as Answer
}

const outputOf = async (url: string, run: string): Promise<string> =>
  await (await fetch(`${url}/api/trainyard/v1/runs/${run}/output/bytes`)).text()
