import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { ArtifactRecord, JsonObject, RunRecord } from '@trainyard/contract'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { eventually, Workshop } from './program.ts'

type Told = RunRecord & { artifacts: ArtifactRecord[] }

interface Seen {
  method: string
  path: string
  run: { metadata: JsonObject; spec: JsonObject; status: JsonObject }
  headers: Record<string, string>
}

/** A server of functions in Python, and what it was sent. */
class FunctionServer implements AsyncDisposable {
  readonly seen: Seen[] = []
  readonly address: Promise<string>
  readonly #child: ChildProcess
  readonly #ended: Promise<unknown>

  constructor() {
    const script = fileURLToPath(new URL('function-server.py', import.meta.url))
    const child = spawn('python3', [script], { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#child = child
    this.#ended = once(child, 'exit')
    this.address = new Promise((resolve, reject) => {
      child.once('exit', (code) => reject(new Error(`the server of functions ended with code ${code}`)))
      createInterface(child.stdout).on('line', (line) => {
        if (/^\d+$/.test(line)) resolve(`http://127.0.0.1:${line}`)
        else this.seen.push(JSON.parse(line) as Seen)
      })
    })
    this.address.catch(() => undefined)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#ended
  }
}

let workshop: Workshop
let server: FunctionServer
beforeEach(() => {
  workshop = new Workshop()
  server = new FunctionServer()
})
afterEach(async () => {
  await server[Symbol.asyncDispose]()
  workshop[Symbol.dispose]()
})

const told = async (): Promise<Told> => {
  const { run, artifacts } = await workshop.json<{ run: RunRecord; artifacts: ArtifactRecord[] }>('show', 'latest')
  return { ...run, artifacts }
}

describe('trainyard run with the address of a function', () => {
  it('sends the run as MLRun does, and takes results, parameters, labels, artifacts and logs from the answer', async () => {
    workshop.write('secrets.txt', 'key=a-secret-value\n')
    const address = await server.address
    const words = ['--name', 'train', '-p', 'p1=5', '-s', 'file=secrets.txt', '-i', 'infile.txt=s3://bucket/infile.txt']
    const run = await workshop.json<Told>('run', ...words, '-l', 'team=a', '--handler', 'xgb_train', `${address}/api`)
    expect(run).toMatchObject({
      name: 'train',
      kind: 'run',
      state: 'completed',
      parameters: { p1: 5, p2: 'a default' },
      results: { accuracy: 10, note: 'done' },
      labels: { team: 'a', framework: 'xgboost' },
      problems: [],
      task: { command: `${address}/api`, handler: 'xgb_train' },
      code: { file: `${address}/api` },
    })
    expect(run.inputs).toMatchObject([{ key: 'infile.txt', url: 's3://bucket/infile.txt' }])
    expect(run.artifacts).toMatchObject([{ key: 'model', kind: 'model', target: 's3://bucket/model.txt' }])
    expect(run.code?.commandLine).toContain(`${address}/api`)
    expect((await workshop.run('logs', 'latest')).stdout).toMatch(/^\d{4}-.+ info {3}training p1=5\n$/)
    expect(server.seen).toMatchObject([
      {
        method: 'POST',
        path: '/api/xgb_train',
        run: {
          metadata: { name: 'train', uid: run.id, project: 'default', iteration: 0, labels: { team: 'a' } },
          spec: {
            handler: 'xgb_train',
            parameters: { p1: 5 },
            inputs: { 'infile.txt': 's3://bucket/infile.txt' },
            output_path: run.outPath,
            secret_sources: [{ kind: 'inline', source: { key: 'a-secret-value' } }],
          },
        },
        headers: { 'content-type': 'application/json', 'x-nuclio-log-level': 'info' },
      },
    ])
    expect(JSON.stringify(run)).not.toContain('a-secret-value')
  })

  it('sends one request for each iteration of a sweep, under the uid of the sweep', async () => {
    const address = await server.address
    const sweep = await workshop.json<Told>('run', '-x', 'p1=[3,7,5]', '--parallel', '2', '--selector', 'max.accuracy', address)
    expect(sweep).toMatchObject({ kind: 'sweep', state: 'completed', results: { accuracy: 14 } })
    const sent = server.seen.map(({ run: { metadata, spec } }) => [metadata['uid'], metadata['iteration'], spec['parameters']])
    expect(sent.toSorted((a, b) => Number(a[1]) - Number(b[1]))).toEqual([
      [sweep.id, 1, { p1: 3 }],
      [sweep.id, 2, { p1: 7 }],
      [sweep.id, 3, { p1: 5 }],
    ])
  })

  it('sends a run again only where --retries says so', async () => {
    const address = await server.address
    expect((await workshop.run('run', `${address}/broken`)).code).toBe(1)
    expect(server.seen).toHaveLength(1)
    await server[Symbol.asyncDispose]()
    server = new FunctionServer()
    const run = await workshop.json<Told>('run', '--retries', '1', `${await server.address}/flaky`)
    expect(run).toMatchObject({ state: 'completed', attempt: 2 })
    expect(server.seen).toHaveLength(2)
  })

  it('sends a PUT to a server that takes no POST', async () => {
    const run = await workshop.json<Told>('run', `${await server.address}/only-put`)
    expect(run.state).toBe('completed')
    expect(server.seen).toMatchObject([{ method: 'PUT' }])
  })

  it('fails with one sentence when the function fails or answers with what is no run, and logs nothing of it', async () => {
    workshop.write('secrets.txt', 'key=a-secret-value\n')
    const address = await server.address
    const sentences: Record<string, string> = {
      fail: 'division by zero, with ***',
      broken: `${address}/broken answered 500: Traceback: KeyError`,
      redirect: `${address}/redirect answered 302 and leads to /elsewhere: give the address that it leads to.`,
      words: `${address}/words answered with what is no JSON: hello`,
      list: `${address}/list answered with JSON that is no run (it has no status): [1, 2]`,
      nothing: `${address}/nothing answered with nothing, where the run as JSON was expected (return context.to_json()).`,
    }
    for (const [path, reason] of Object.entries(sentences)) {
      const { code } = await workshop.run('run', '-p', 'p1=5', '-s', 'file=secrets.txt', `${address}/${path}`)
      expect(code, path).toBe(1)
      expect(await told(), path).toMatchObject({ state: 'failed', stateReason: reason, artifacts: [] })
    }
    const { code } = await workshop.run('run', `${address}/break`)
    expect(code).toBe(1)
    expect((await told()).stateReason).toMatch(
      /\/break broke the connection before it had answered \(.+\); it may have begun the run\.$/,
    )
    expect(server.seen).toHaveLength(Object.keys(sentences).length + 1)
  })

  it('tells an address where nothing listens, and one that speaks no TLS', async () => {
    const address = await server.address
    await server[Symbol.asyncDispose]()
    await workshop.run('run', address)
    expect((await told()).stateReason).toBe(
      `${address}/ could not be reached: nothing listens there; start its server, or correct the address.`,
    )
    server = new FunctionServer()
    await workshop.run('run', (await server.address).replace('http:', 'https:'))
    expect((await told()).stateReason).toMatch(
      /^https:.+ could not be reached: it does not speak TLS; begin the address with http:/,
    )
  })

  it('keeps once what the function has logged to the server itself and answers as well, and reads the NaN of Python', async () => {
    const tracking = workshop.start(['up', '--port', '0', '--no-open'])
    await eventually(() => existsSync(join(workshop.folder, '.trainyard', 'server.json')) || undefined)
    const { url } = await workshop.json<{ url: string }>('status')
    const run = await workshop.json<Told>('run', '-p', `server=${url}`, `${await server.address}/log-too`)
    expect(run).toMatchObject({ state: 'completed', results: { accuracy: 10, loss: 0.25, note: 'NaN' }, problems: [] })
    expect(run.results).toMatchObject({ unknown: 'NaN', highest: 'Infinity', lowest: '-Infinity' })
    const history = async (key: string): Promise<unknown[]> => {
      const asked = await fetch(`${url}/api/2.0/mlflow/metrics/get-history?run_id=${run.id}&metric_key=${key}`)
      return ((await asked.json()) as { metrics: { value: number }[] }).metrics.map(({ value }) => value)
    }
    expect(await history('accuracy')).toEqual([10])
    expect(await history('loss')).toEqual([0.5, 0.25])
    tracking.kill('SIGTERM')
    await tracking.finished
  })

  it('is aborted by Ctrl-C and ended by --timeout while the function works', async () => {
    const address = await server.address
    const started = workshop.start(['run', `${address}/wait`])
    await eventually(() => server.seen[0])
    started.kill('SIGINT')
    expect((await started.finished).code).toBe(130)
    expect((await told()).state).toBe('aborted')
    const { code } = await workshop.run('run', '--timeout', '1s', `${address}/wait`)
    expect(code).not.toBe(0)
    expect(await told()).toMatchObject({ state: 'failed', stateReason: 'timed out after 1 s' })
  })

  it('refuses before anything is recorded what no address is for', async () => {
    const refusals: [string[], RegExp][] = [
      [['http://joe:pass@host/'], /Take the user name and password out of the address/],
      [['http://'], /http:\/\/ is no address of a function/],
      [['--requirements', 'numpy', 'http://host/'], /takes no --requirements/],
      [['--on', 'server', '--detach', 'http://host/'], /called from where the run is asked for, not by a server/],
    ]
    for (const [words, sentence] of refusals) {
      const { code, stderr } = await workshop.run('run', ...words)
      expect(code, words.join(' ')).toBe(2)
      expect(stderr).toMatch(sentence)
      expect(stderr.trim().split('\n'), words.join(' ')).toHaveLength(1)
    }
  })

  it('is refused on a schedule with what can be done, and with no word of what was not typed', async () => {
    const { code, stderr } = await workshop.run('schedule', 'add', 'x', '--every', '1h', 'http://127.0.0.1:9/')
    expect(code).toBe(2)
    expect(stderr).toMatch(/neither as a job nor on a schedule: .* have a script that calls it run there/)
  })

  it('can be run again', async () => {
    const address = await server.address
    const first = await workshop.json<Told>('run', '-p', 'p1=5', address)
    const again = await workshop.json<Told>('rerun', first.id)
    expect(again).toMatchObject({ state: 'completed', results: { accuracy: 10 } })
    expect(server.seen).toHaveLength(2)
  })
})
