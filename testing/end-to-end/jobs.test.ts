import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { RunRecord } from '@trainyard/contract'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { delay, isRunning, killAll, rounds } from '../faults/faults.ts'
import { eventually, type Started, Workshop } from './program.ts'

let workshop: Workshop
let server: Started
let url: string

async function startServer(): Promise<void> {
  server = workshop.start(['up', '--port', '0', '--no-open', '--job-cpus', '2'])
  const note = join(workshop.folder, '.trainyard', 'server.json')
  url = await eventually(() => {
    if (!existsSync(note)) return undefined
    try {
      const { url: told, process: owner } = JSON.parse(readFileSync(note, 'utf8')) as { url: string; process: { pid: number } }
      return owner.pid === server.pid ? told : undefined
    } catch {
      // It is being written.
      return undefined
    }
  })
}

beforeEach(async () => {
  workshop = new Workshop({ TRAINYARD_USER: 'ann' })
  await startServer()
})
afterEach(async () => {
  server.kill('SIGTERM')
  await server.finished
  killAll(workshop)
  workshop[Symbol.dispose]()
})

const api = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
  const given = body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }
  const answer = await fetch(`${url}/api/trainyard/v1${path}`, { method, ...given })
  const told = (await answer.json()) as T
  if (!answer.ok) throw new Error(JSON.stringify(told))
  return told
}
const submit = async (command: string, task: object = {}, secrets: Record<string, string> = {}): Promise<string> => {
  const asked = { task: { program: ['sh', '-c', command], ...task }, secrets, workingDirectory: workshop.folder }
  return (await api<{ job: { runId: string } }>('POST', '/jobs', asked)).job.runId
}
const runOf = (id: string): Promise<RunRecord> => api('GET', `/runs/${id}`)
const ended = (id: string): Promise<RunRecord> =>
  eventually(async () => {
    const run = await runOf(id)
    return ['completed', 'failed', 'aborted'].includes(run.state) ? run : undefined
  })
const text = (path: string): string => {
  try {
    return readFileSync(join(workshop.folder, path), 'utf8')
  } catch {
    return ''
  }
}

describe('a job on a server', () => {
  it('shows its output and its end in the terminal that asked, as a run here does', async () => {
    workshop.write('train.py', 'def job(p1=1):\n    print("working on", p1)\n    return {"loss": 1 / p1}\n')
    const { code, stdout } = await workshop.run('run', '--on', 'server', 'train.py:job', '-p', 'p1=4')
    expect([code, stdout]).toEqual([0, 'working on 4\n'])
    const failed = await workshop.run('run', '--on', 'server', '--program', 'sh', '--', '-c', 'echo gone wrong; exit 7')
    expect(failed).toMatchObject({ code: 1, stdout: 'gone wrong\n' })
    expect(failed.stderr).toContain('exited with code 7')
    const { stderr } = await workshop.run('run', '--on', 'server', 'missing.py')
    expect(stderr).toContain('There is no file missing.py')
  })

  it('tells nobody on this machine or in a private network, unless the server was started to', async () => {
    let told = 0
    const receiver = createServer((_request, response) => {
      told++
      response.end()
    }).listen(0, '127.0.0.1')
    await once(receiver, 'listening')
    const address = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`
    const notifications = [{ kind: 'webhook', params: { url: address } }]
    await expect(submit('true', { notifications })).rejects.toThrow('--allow-private-addresses')
    expect(told).toBe(0)
    receiver.close()
  })

  it('brings its code along when the server is another machine', async () => {
    using elsewhere = new Workshop({ TRAINYARD_URL: url })
    elsewhere.write('remote.py', 'import os\ndef job():\n    print("secret", len(os.environ.get("X", "")))\n')
    elsewhere.write('secrets.txt', 'TOKEN=hunter2\n')
    const { code, stdout, stderr } = await elsewhere.run(
      'run',
      '--on',
      'server',
      'remote.py:job',
      '--env',
      'X=abc',
      '-s',
      'file=secrets.txt',
    )
    expect({ code, stdout, stderr }).toMatchObject({ code: 0, stdout: 'secret 3\n' })
    expect(JSON.stringify(await api('GET', '/runs'))).not.toContain('hunter2')
  })

  it('is stopped with all it has started', async () => {
    const id = await submit('sleep 1000 & echo $! > child; wait')
    const child = await eventually(() => Number(text('child')) || undefined)
    const [aborted] = (await api<{ runs: RunRecord[] }>('POST', '/runs/abort', { runs: [id], reason: 'enough' })).runs
    expect(aborted).toMatchObject({ state: 'aborted', stateReason: 'aborted by ann: enough' })
    await eventually(() => !isRunning(child) || undefined)
    await expect(api('POST', '/runs/abort', { runs: [id] })).rejects.toThrow(/is aborted already/)
  })
})

describe('a server killed with jobs in its hands', () => {
  it('is followed by one that takes over what runs and starts what waits', async () => {
    const running = await submit('echo begun >> marks; while [ ! -e gate ]; do sleep 0.05; done; echo ended >> marks; exit 5')
    workshop.write(
      'job.py',
      'import os, time\ndef job(context):\n    open("py", "a").write("x")\n    while not os.path.exists("gate"):\n        time.sleep(0.05)\n    context.log_result("done", 1)\n',
    )
    const python = (await workshop.run('run', '--on', 'server', '--detach', 'job.py:job')).stdout.trim()
    const waiting = await submit('echo waited >> marks')
    await eventually(() => (text('marks') !== '' && text('py') !== '') || undefined)
    server.kill('SIGKILL')
    await server.finished
    // A look at the records in between does not take the runs for lost.
    expect((await workshop.json<{ run: RunRecord }>('show', running)).run.state).toBe('running')
    workshop.write('gate', '')
    await eventually(() => text('marks').includes('ended') || undefined)
    await startServer()
    expect(await ended(running)).toMatchObject({ state: 'failed', stateReason: 'exited with code 5', attempt: 1 })
    expect(await ended(python)).toMatchObject({ state: 'completed', results: { done: 1 } })
    expect(await ended(waiting)).toMatchObject({ state: 'completed' })
    expect([text('marks').split('\n').toSorted().join(' '), text('py')]).toEqual([' begun ended waited', 'x'])
  })

  it('leaves nothing out and does nothing twice, whenever it dies', { timeout: 300_000 }, async () => {
    const ids: string[] = []
    for (let round = 0; round < rounds(4); round++) {
      for (let index = 0; index < 8; index++) {
        const number = ids.length
        ids.push(await submit(`echo ${number} >> done; sleep 0.0${(number * 7) % 10}`))
      }
      await delay(Math.random() * 600)
      server.kill('SIGKILL')
      await server.finished
      await startServer()
    }
    for (const id of ids) expect(await ended(id)).toMatchObject({ state: 'completed', attempt: 1 })
    const done = text('done').trim().split('\n').map(Number)
    expect(done.toSorted((one, other) => one - other)).toEqual(ids.map((_, index) => index))
  })

  it('minds the time-outs and the aborts of what it took over', async () => {
    const late = await submit('echo $$ > late; exec sleep 1000', { timeoutMs: 3_000 })
    const unwanted = await submit('echo $$ > unwanted; exec sleep 1000')
    await eventually(() => (text('late') !== '' && text('unwanted') !== '') || undefined)
    server.kill('SIGKILL')
    await server.finished
    await startServer()
    expect(await ended(late)).toMatchObject({ state: 'failed', stateReason: 'timed out after 3 s' })
    const { stdout } = await workshop.run('jobs', 'cancel', unwanted)
    expect(stdout).toContain('aborted')
    await eventually(() => (!isRunning(Number(text('late'))) && !isRunning(Number(text('unwanted')))) || undefined)
  })

  it('goes on with a sweep where it was', async () => {
    workshop.write(
      'sweep.py',
      'import time\ndef job(x):\n    open(f"ran-{x}", "a").write("x")\n    time.sleep(0.2)\n    return {"y": x}\n',
    )
    const { stdout } = await workshop.run(
      'run',
      '--on',
      'server',
      '--detach',
      'sweep.py:job',
      '-x',
      `x=${JSON.stringify([...Array(12).keys()])}`,
      '--selector',
      'max.y',
      '--parallel',
      '2',
    )
    const id = stdout.trim()
    await eventually(() => existsSync(join(workshop.folder, 'ran-3')) || undefined)
    server.kill('SIGKILL')
    await server.finished
    await startServer()
    expect(await ended(id)).toMatchObject({ state: 'completed', results: { y: 11 }, sweep: { completed: 12 } })
    for (let x = 0; x < 12; x++) expect(text(`ran-${x}`)).toBe('x')
  })

  it('that is asked to stop lets jobs go on, and says so', async () => {
    const id = await submit('while [ ! -e gate ]; do echo at work; sleep 0.05; done; echo ended')
    await eventually(async () => (await runOf(id)).state === 'running' || undefined)
    server.kill('SIGTERM')
    const { stderr } = await server.finished
    // The job before may not be put away yet.
    expect(stderr).toMatch(/\d jobs? at work: what runs goes on/)
    expect(stderr).not.toMatch(/closed already|cannot be carried out/)
    workshop.write('gate', '')
    await startServer()
    expect(await ended(id)).toMatchObject({ state: 'completed' })
  })

  it('that is asked to stop while a job begins loses none', async () => {
    for (let round = 0; round < 5; round++) {
      const mark = `begun-${round}`
      const id = await submit(`echo x >> ${mark}`)
      await eventually(async () => (await runOf(id)).state !== 'pending' || undefined)
      server.kill('SIGTERM')
      await server.finished
      await startServer()
      expect(await ended(id)).toMatchObject({ state: 'completed', attempt: 1 })
      expect(text(mark)).toBe('x\n')
    }
  })
})
