import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openServer, type OpenServer } from './testing/open-server.ts'

let servers: OpenServer[]

beforeEach(async () => {
  const first = await openServer()
  servers = [await openServer({}, first), first]
})
afterEach(async () => {
  for (const server of servers) await server[Symbol.asyncDispose]()
})

interface Said {
  run?: {
    info: { run_id: string }
    data: { params: { key: string; value: string }[]; metrics: { key: string; value: number }[] }
  }
  metrics?: { step: number; value: number }[]
  experiment_id?: string
}

const call = async (server: number, path: string, body: object): Promise<{ status: number; said: Said }> => {
  const { status, json } = await servers[server]!.ask('POST', `/api/2.0/mlflow/${path}`, body)
  return { status, said: json }
}

const ask = async (server: number, path: string): Promise<Said> =>
  (await servers[server]!.ask('GET', `/api/2.0/mlflow/${path}`)).json

const newRun = async (server: number): Promise<string> =>
  (await call(server, 'runs/create', { experiment_id: '0', start_time: 1 })).said.run!.info.run_id

describe('two servers on one database', () => {
  test('take the points of one run at once, and each shows all of them', async () => {
    const run = await newRun(0)
    const steps = Array.from({ length: 60 }, (_, step) => step)
    const answers = await Promise.all(
      steps.map((step) => call(step % 2, 'runs/log-metric', { run_id: run, key: 'loss', value: step, timestamp: 1, step })),
    )
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    for (const server of [0, 1]) {
      const { metrics } = await ask(server, `metrics/get-history?run_id=${run}&metric_key=loss`)
      expect(metrics!.map(({ value }) => value).toSorted((left, right) => left - right)).toEqual(steps)
    }
  })

  test('what one acknowledged the other shows at once: parameters, latest values, the end of the run', async () => {
    const run = await newRun(0)
    for (let round = 0; round < 5; round++) {
      const server = round % 2
      await call(server, 'runs/log-batch', {
        run_id: run,
        params: [{ key: `p${round}`, value: String(round) }],
        metrics: [{ key: 'm', value: round, timestamp: round, step: round }],
      })
      const { data } = (await ask(1 - server, `runs/get?run_id=${run}`)).run!
      expect(data.params).toContainEqual({ key: `p${round}`, value: String(round) })
      expect(data.metrics[0]).toMatchObject({ key: 'm', value: round })
    }
  })

  test('a name is given once: of experiments made on both at once one is there, the other is told so', async () => {
    const answers = await Promise.all([0, 1, 0, 1].map((server) => call(server, 'experiments/create', { name: 'same' })))
    expect(answers.map(({ status }) => status).toSorted((one, other) => one - other)).toEqual([200, 400, 400, 400])
  })

  test('a parameter has one value, whoever is first', async () => {
    const run = await newRun(1)
    const answers = await Promise.all(
      [0, 1].map((server) => call(server, 'runs/log-parameter', { run_id: run, key: 'p', value: `of ${server}` })),
    )
    expect(answers.map(({ status }) => status).toSorted((one, other) => one - other)).toEqual([200, 400])
  })
})
