import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RunRecord } from '@trainyard/contract'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createPostgresPlace } from '../../packages/platform/src/database/testing/postgres-place.ts'
import type { TestPlace } from '../../packages/platform/src/database/testing/test-place.ts'
import { eventually, type Started, Workshop } from './program.ts'

interface Server {
  process: Started
  url: string
  data: string
}

let place: TestPlace
let workshop: Workshop
let servers: Server[]

beforeEach(async () => {
  place = await createPostgresPlace()
  workshop = new Workshop({ TRAINYARD_DATABASE: place.place })
  servers = await Promise.all(['first', 'second'].map(startServer))
})
afterEach(async () => {
  for (const { process } of servers) process.kill('SIGTERM')
  await Promise.all(servers.map(({ process }) => process.finished))
  workshop[Symbol.dispose]()
  await place.remove()
})

/** Each has a data directory of its own, as on two machines. */
async function startServer(name: string): Promise<Server> {
  const data = join(workshop.folder, name)
  const process = workshop.start(['up', '--data', data, '--port', '0', '--no-open', '--job-cpus', '2'])
  const url = await eventually(() => {
    const note = join(data, 'server.json')
    if (!existsSync(note)) return undefined
    try {
      return (JSON.parse(readFileSync(note, 'utf8')) as { url: string }).url
    } catch {
      // It is being written.
      return undefined
    }
  })
  return { process, url, data }
}

async function ask<T>(server: number, method: string, path: string, body?: object): Promise<T> {
  const given = body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }
  const answer = await fetch(`${servers[server]!.url}/api/${path}`, { method, ...given })
  const text = await answer.text()
  if (!answer.ok) throw new Error(text)
  return JSON.parse(text) as T
}

const shell = async (server: number, command: string, task: object = {}): Promise<string> =>
  (
    await ask<{ job: { runId: string } }>(server, 'POST', 'trainyard/v1/jobs', {
      task: { program: ['sh', '-c', command], ...task },
      workingDirectory: workshop.folder,
    })
  ).job.runId

const ended = (server: number, id: string): Promise<RunRecord> =>
  eventually(async () => {
    const run = await ask<RunRecord>(server, 'GET', `trainyard/v1/runs/${id}`)
    return ['completed', 'failed', 'aborted'].includes(run.state) ? run : undefined
  })

const linesOf = (name: string): string[] => {
  const path = join(workshop.folder, name)
  return existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : []
}

it('what is asked of either is carried out once, by one of them, and both tell of it in every dialect', async () => {
  const asked = Array.from({ length: 24 }, async (_, index) => {
    const command = `echo "${index} $TRAINYARD_HOME" >> done; sleep 0.3`
    if (index % 3 > 0) return await shell(index % 2, command)
    const uid = index.toString(16).padStart(32, 'a')
    await ask(index % 2, 'POST', 'v1/submit_job', {
      task: { metadata: { name: `job-${index}`, project: 'default', uid }, spec: {} },
      function: {
        kind: 'job',
        metadata: { name: 'f' },
        spec: { mode: 'pass', command: 'sh', args: ['-c', command], workdir: workshop.folder },
      },
    })
    return uid
  })
  const runs = await Promise.all(asked)
  for (const [index, run] of runs.entries()) expect(await ended(index % 2, run)).toMatchObject({ state: 'completed' })
  const lines = linesOf('done').map((line) => line.split(' '))
  expect(lines.map(([index]) => Number(index)).toSorted((one, other) => one - other)).toEqual(runs.map((_, index) => index))
  for (const [, home] of lines) expect(servers.map(({ data }) => data)).toContain(home)
  const [run] = runs
  for (const server of [0, 1]) {
    const mlrun = await ask<{ data: { status: { state: string } } }>(server, 'GET', `v1/projects/default/runs/${run}`)
    expect(mlrun.data.status.state).toBe('completed')
    const mlflow = await ask<{ run: { info: { status: string } } }>(server, 'GET', `2.0/mlflow/runs/get?run_id=${run}`)
    expect(mlflow.run.info.status).toBe('FINISHED')
  }
})

it('a schedule fires once for each of its times, whichever of them sees to it', async () => {
  const path = 'trainyard/v1/schedules/default/often'
  await ask(0, 'PUT', path, {
    timing: { kind: 'cron', expression: '* * * * * *' },
    concurrency: 'allow',
    task: { program: ['true'] },
  })
  type Told = { history: { plannedAtMs: number; runId: string | null }[] }
  const history = async (server: number): Promise<Told['history']> =>
    (await ask<Told>(server, 'GET', `${path}?history=100`)).history
  await eventually(async () => ((await history(1)).length >= 6 ? true : undefined))
  await ask(1, 'PATCH', path, { paused: true })
  const times = (await history(0)).map(({ plannedAtMs }) => plannedAtMs)
  expect(new Set(times).size).toBe(times.length)
})

it('what a killed one had in its hands is seen through by the other, and begun once', async () => {
  const command = 'echo "$TRAINYARD_HOME" >> begun; while [ ! -e go ]; do sleep 0.05; done; echo over'
  const runs = await Promise.all([0, 1].map((server) => shell(server, command)))
  const homes = await eventually(() => (linesOf('begun').length === 2 ? linesOf('begun') : undefined))
  const victim = servers.findIndex(({ data }) => data === homes[0])
  const survivor = 1 - victim
  const { pid } = servers[victim]!.process
  servers[victim]!.process.kill('SIGKILL')
  await servers[victim]!.process.finished
  // The two fill the machine.
  const waiting = await shell(survivor, 'echo waited >> begun')
  for (const run of runs)
    await eventually(async () => {
      const { supervisor } = await ask<RunRecord>(survivor, 'GET', `trainyard/v1/runs/${run}`)
      return supervisor?.pid === pid ? undefined : true
    })
  workshop.write('go', '')
  for (const run of [...runs, waiting]) expect(await ended(survivor, run)).toMatchObject({ state: 'completed' })
  expect(linesOf('begun')).toEqual([...homes, 'waited'])
  const output = await fetch(`${servers[survivor]!.url}/api/trainyard/v1/runs/${runs[0]}/output/bytes`)
  expect(await output.text()).toContain('over')
})
