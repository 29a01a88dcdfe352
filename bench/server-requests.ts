import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Figure } from './store-ingest.ts'

const clients = 8
const forMs = 4_000
const program = join(import.meta.dirname, '..', 'packages', 'platform', 'bin', 'trainyard.js')
const ticksPerSecond = 100

/** The bare limit: a server that reads the body, parses it, and keeps nothing. */
const parseOnly = `
import { createServer } from 'node:http'
const server = createServer((request, response) => {
  const chunks = []
  request.on('data', (chunk) => chunks.push(chunk))
  request.on('end', () => {
    if (chunks.length > 0) JSON.parse(Buffer.concat(chunks).toString())
    response.setHeader('content-type', 'application/json')
    response.end('{}')
  })
})
server.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ url: 'http://127.0.0.1:' + server.address().port })  + '\\n}'))
`

/** Requests of the MLflow protocol from eight clients at once, durable, in server CPU time: steady also on a busy machine. */
export async function measure(): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'trainyard-bench-'))
  const server = await start([program, 'up', '--data', join(folder, 'data'), '--port', '0', '--json', '--no-open'])
  const bare = await start(['--input-type=module', '--eval', parseOnly])
  try {
    const runs = await Promise.all(Array.from({ length: clients }, () => createRun(server.url)))
    const single = (client: number, count: number) =>
      JSON.stringify({
        run_id: runs[client],
        run_uuid: runs[client],
        key: 'loss',
        value: count / 7,
        timestamp: 1e12 + count,
        step: count,
      })
    const batch = (client: number, count: number) =>
      JSON.stringify({
        run_id: runs[client],
        metrics: Array.from({ length: 1_000 }, (_, at) => ({
          key: `m${at % 10}`,
          value: at / 7,
          timestamp: 1e12 + count * 100 + at,
          step: count * 100 + Math.floor(at / 10),
        })),
      })
    const figures: Figure[] = []
    for (const [name, path, body, points] of [
      ['log-metric', '/api/2.0/mlflow/runs/log-metric', single, 1],
      ['log-batch of 1,000 points', '/api/2.0/mlflow/runs/log-batch', batch, 1_000],
    ] as const) {
      const ours = await load(server, path, body)
      const baseline = await load(bare, path, body)
      figures.push(
        {
          name: `${name}: server CPU per request`,
          value: ours.cpuMicroseconds,
          unit: 'µs',
          baseline: baseline.cpuMicroseconds,
          budget: points === 1 ? 60 : 1_200,
        },
        {
          name: points === 1 ? `${name}: requests` : `${name}: points`,
          value: ours.perSecond * points,
          unit: '/s',
          baseline: baseline.perSecond * points,
          budget: points === 1 ? 20_000 : 800_000,
          higherIsBetter: true,
        },
      )
    }
    return figures
  } finally {
    server.child.kill()
    bare.child.kill()
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

interface Running {
  url: string
  child: ChildProcess
}

async function start(argv: readonly string[]): Promise<Running> {
  const child = spawn(process.execPath, [...argv], { stdio: ['ignore', 'pipe', 'ignore'] })
  let told = ''
  for await (const chunk of child.stdout) {
    told += String(chunk)
    if (told.includes('\n}')) break
  }
  return { url: /http:\/\/[\d.:]+/.exec(told)![0], child }
}

async function createRun(url: string): Promise<string> {
  const response = await fetch(`${url}/api/2.0/mlflow/runs/create`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"experiment_id":"0"}',
  })
  return ((await response.json()) as { run: { info: { run_id: string } } }).run.info.run_id
}

/** User and system time of a process so far. */
function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
}

async function load(
  { url, child }: Running,
  path: string,
  body: (client: number, count: number) => string,
): Promise<{ perSecond: number; cpuMicroseconds: number }> {
  const started = performance.now()
  const cpuBefore = cpuSeconds(child.pid!)
  const until = started + forMs
  const counts = await Promise.all(
    Array.from({ length: clients }, (_, client) => send(url, path, (count) => body(client, count), until)),
  )
  const total = counts.reduce((sum, count) => sum + count, 0)
  const seconds = (performance.now() - started) / 1000
  return { perSecond: total / seconds, cpuMicroseconds: ((cpuSeconds(child.pid!) - cpuBefore) * 1e6) / total }
}

/** One kept-alive connection, one request after the other; a bare socket, so that the client costs little of the machine. */
function send(url: string, path: string, body: (count: number) => string, until: number): Promise<number> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port), noDelay: true })
    let count = 0
    let answer = ''
    const next = (): void => {
      if (performance.now() >= until) {
        socket.end()
        resolve(count)
        return
      }
      const text = body(count)
      socket.write(
        `POST ${path} HTTP/1.1\r\nhost: ${hostname}:${port}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
      )
    }
    socket.on('connect', next)
    socket.on('error', reject)
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1')
      if (!answer.endsWith('\r\n\r\n{}')) return
      if (!answer.startsWith('HTTP/1.1 200')) return reject(new Error(answer))
      answer = ''
      count++
      next()
    })
  })
}
