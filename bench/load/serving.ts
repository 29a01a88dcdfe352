import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { LoadOptions, LoadResult } from './http-load.ts'

export const program = join(import.meta.dirname, '..', '..', 'packages', 'platform', 'bin', 'trainyard.js')
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

/** The bare limit for files: a request's bytes written, hashed and flushed, a file piped in pieces of a megabyte; no records, no checks. */
const filesOnly = `
import { createHash } from 'node:crypto'
import { createReadStream, mkdtempSync, statSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { createServer } from 'node:http'
import { basename, join } from 'node:path'
const folder = mkdtempSync(join(process.argv[1], 'bare-'))
const server = createServer(async (request, response) => {
  const path = join(folder, basename(request.url))
  if (request.method === 'GET') {
    response.setHeader('content-length', statSync(path).size)
    createReadStream(path, { highWaterMark: 1024 * 1024 }).pipe(response)
    return
  }
  const file = await open(path, 'w')
  const hash = createHash('sha256')
  for await (const piece of request) {
    hash.update(piece)
    await file.write(piece)
  }
  await file.sync()
  await file.close()
  const text = hash.digest('hex')
  response.setHeader('content-length', text.length)
  response.end(text)
})
server.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ url: 'http://127.0.0.1:' + server.address().port })  + '\\n}'))
`

/** A server in a process of its own, whose processor time and memory can be asked for. */
export class Serving implements AsyncDisposable {
  readonly url: string
  /** Milliseconds from its start to its address. */
  readonly startMs: number
  readonly #child: ChildProcess

  private constructor(url: string, child: ChildProcess, startMs: number) {
    this.url = url
    this.startMs = startMs
    this.#child = child
  }

  static ours = (data: string): Promise<Serving> =>
    Serving.start([program, 'up', '--data', data, '--port', '0', '--json', '--no-open'])

  static bare = (): Promise<Serving> => Serving.start(['--input-type=module', '--eval', parseOnly])

  static bareFiles = (folder: string): Promise<Serving> => Serving.start(['--input-type=module', '--eval', filesOnly, folder])

  private static async start(argv: readonly string[]): Promise<Serving> {
    const started = performance.now()
    const child = spawn(process.execPath, [...argv], { stdio: ['ignore', 'pipe', 'inherit'] })
    let told = ''
    for await (const chunk of child.stdout) {
      told += String(chunk)
      if (told.includes('\n}')) break
    }
    return new Serving(/http:\/\/[\d.:]+/.exec(told)![0], child, performance.now() - started)
  }

  /** User and system time of all its threads so far. */
  cpuSeconds(): number {
    return cpuSecondsOf(this.#child.pid!)
  }

  residentMegabytes(): number {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${this.#child.pid}/status`, 'utf8'))![1]) / 1024
  }

  async post(path: string, message: object): Promise<Record<string, unknown>> {
    const response = await fetch(`${this.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(message),
    })
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
    return (await response.json()) as Record<string, unknown>
  }

  async createRun(): Promise<string> {
    const { run } = (await this.post('/api/2.0/mlflow/runs/create', { experiment_id: '0' })) as {
      run: { info: { run_id: string } }
    }
    return run.info.run_id
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const gone = once(this.#child, 'exit')
    this.#child.kill()
    await gone
  }
}

export function cpuSecondsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
}

/** Load from a process of its own, see `http-load.ts`. */
export async function sendLoad(options: LoadOptions): Promise<LoadResult> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'http-load.ts')], { stdio: ['pipe', 'pipe', 'inherit'] })
  child.stdin.end(JSON.stringify(options))
  let told = ''
  for await (const chunk of child.stdout) told += String(chunk)
  return JSON.parse(told) as LoadResult
}
