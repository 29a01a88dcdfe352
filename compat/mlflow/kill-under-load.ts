import { ServerProcess } from './server-process.ts'

const writers = 8
const batchSize = 20

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
async function write(url: string): Promise<Acknowledged> {
  const created = (await post(url, 'runs/create', { experiment_id: '0' })) as { run: { info: { run_id: string } } }
  const written: Acknowledged = { runId: created.run.info.run_id, single: [], batches: [] }
  try {
    for (let step = 0; ; step++) {
      await post(url, 'runs/log-metric', { run_id: written.runId, key: 'single', value: step, timestamp: step + 1, step })
      written.single.push(step)
      const metrics = Array.from({ length: batchSize }, (_, at) => ({
        key: `batch${at}`,
        value: step,
        timestamp: step + 1,
        step,
      }))
      await post(url, 'runs/log-batch', { run_id: written.runId, metrics, params: [{ key: `p${step}`, value: String(step) }] })
      written.batches.push(step)
    }
  } catch {
    // The server was killed: whatever was answered before counts.
    return written
  }
}

/** Kills the server in the middle of its work, again and again; what it had acknowledged must be there, once, and batches whole. */
export async function killUnderLoad(data: string, rounds: number): Promise<{ acknowledged: number; problems: string[] }> {
  const all: Acknowledged[] = []
  for (let round = 0; round < rounds; round++) {
    const server = await ServerProcess.start(data)
    // One that had not even got its run has nothing to check.
    const writing = Array.from({ length: writers }, () => write(server.url).catch(() => undefined))
    await new Promise((resolve) => setTimeout(resolve, 100 + ((round * 137) % 500)))
    await server.stop('SIGKILL')
    all.push(...(await Promise.all(writing)).filter((written) => written !== undefined))
  }
  await using server = await ServerProcess.start(data)
  const problems: string[] = []
  for (const written of all) problems.push(...(await check(server.url, written)))
  const acknowledged = all.reduce((sum, { single, batches }) => sum + single.length + batches.length, 0)
  return { acknowledged, problems }
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
