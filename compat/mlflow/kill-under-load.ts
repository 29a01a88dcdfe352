import { join } from 'node:path'
import { ServerProcess } from './server-process.ts'

const writers = 8
const batchSize = 20
/** Data directories that are killed side by side, so that one starts while another works. */
const lanes = 2

interface Acknowledged {
  runId: string
  single: number[]
  batches: number[]
}

const post = async (url: string, path: string, body: object): Promise<Record<string, unknown>> => {
  const response = await fetch(`${url}/api/2.0/mlflow/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
  return (await response.json()) as Record<string, unknown>
}

/** Writes until the server is gone: single points, and batches of which a part must never be seen. */
async function write(url: string, onAcknowledged: () => void): Promise<Acknowledged> {
  const created = (await post(url, 'runs/create', { experiment_id: '0' })) as { run: { info: { run_id: string } } }
  const written: Acknowledged = { runId: created.run.info.run_id, single: [], batches: [] }
  onAcknowledged()
  try {
    for (let step = 0; ; step++) {
      await post(url, 'runs/log-metric', { run_id: written.runId, key: 'single', value: step, timestamp: step + 1, step })
      written.single.push(step)
      onAcknowledged()
      const metrics = Array.from({ length: batchSize }, (_, at) => ({
        key: `batch${at}`,
        value: step,
        timestamp: step + 1,
        step,
      }))
      await post(url, 'runs/log-batch', { run_id: written.runId, metrics, params: [{ key: `p${step}`, value: String(step) }] })
      written.batches.push(step)
      onAcknowledged()
    }
  } catch {
    // The server was killed: whatever was answered before counts.
    return written
  }
}

/** One life of a server, ended in the middle of its work: once so many writes have been answered. */
async function oneRound(data: string, wanted: number): Promise<Acknowledged[]> {
  const server = await ServerProcess.start(data)
  let acknowledged = 0
  const enough = Promise.withResolvers<void>()
  const count = (): void => {
    if (++acknowledged >= wanted) enough.resolve()
  }
  // One that had not even got its run has nothing to check.
  const writing = Array.from({ length: writers }, () => write(server.url, count).catch(() => undefined))
  const all = Promise.all(writing)
  // Writers that all fail at once would never bring enough.
  await Promise.race([enough.promise, all])
  await server.stop('SIGKILL')
  return (await all).filter((written) => written !== undefined)
}

/**
 * Kills the server in the middle of its work, again and again; what it had acknowledged must be there, once, and batches whole. The
 * moments are counted in answers, from the first one on, so that a slow machine kills at the same places as a fast one.
 */
export async function killUnderLoad(folder: string, rounds: number): Promise<{ acknowledged: number; problems: string[] }> {
  const results = await Promise.all(
    Array.from({ length: lanes }, async (_, lane) => {
      const data = join(folder, String(lane))
      const all: Acknowledged[] = []
      for (let round = lane; round < rounds; round += lanes) all.push(...(await oneRound(data, 1 + ((round * 37) % 160))))
      await using server = await ServerProcess.start(data)
      const problems: string[] = []
      for (const written of all) problems.push(...(await check(server.url, written)))
      return { all, problems }
    }),
  )
  const acknowledged = results
    .flatMap(({ all }) => all)
    .reduce((sum, { single, batches }) => sum + single.length + batches.length, 0)
  return { acknowledged, problems: results.flatMap(({ problems }) => problems) }
}

async function check(url: string, { runId, single, batches }: Acknowledged): Promise<string[]> {
  const steps = async (key: string): Promise<number[]> => {
    const response = await fetch(`${url}/api/2.0/mlflow/metrics/get-history?run_id=${runId}&metric_key=${key}`)
    const { metrics = [] } = (await response.json()) as { metrics?: { step: number }[] }
    return metrics.map(({ step }) => step)
  }
  const problems: string[] = []
  const compare = (key: string, found: number[], wanted: number[]): void => {
    if (new Set(found).size !== found.length) problems.push(`${runId} ${key}: points are there twice`)
    const lost = wanted.filter((step) => !found.includes(step))
    if (lost.length > 0) problems.push(`${runId} ${key}: steps ${lost.join(', ')} are lost`)
    if (found.length > wanted.length + 1) problems.push(`${runId} ${key}: more points than were sent`)
  }
  compare('single', await steps('single'), single)
  const first = await steps('batch0')
  compare('batch0', first, batches)
  const last = await steps(`batch${batchSize - 1}`)
  if (first.join(' ') !== last.join(' ')) problems.push(`${runId}: a batch is there in part`)
  return problems
}
