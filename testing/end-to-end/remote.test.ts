import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { createServer } from 'node:net'
import { join } from 'node:path'
import type { ArtifactRecord, RunRecord } from '@trainyard/contract'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { eventually, type Started, Workshop } from './program.ts'

const token = 'a-token'

/** A server's machine, and a machine where work is done: nothing but the address is common to them. */
let there: Workshop
let here: Workshop
let port: number
let server: Started | undefined
beforeEach(async () => {
  port = await freePort()
  there = new Workshop()
  here = new Workshop({ TRAINYARD_URL: `http://127.0.0.1:${port}`, TRAINYARD_TOKEN: token })
})
afterEach(async () => {
  await stop('SIGTERM')
  there[Symbol.dispose]()
  here[Symbol.dispose]()
})

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port: found } = probe.address() as { port: number }
      probe.close(() => resolve(found))
    })
  })

async function up(): Promise<void> {
  server = there.start(['up', '--port', String(port), '--no-open', '--token', token])
  await eventually(async () => ((await fetch(`http://127.0.0.1:${port}/health`).catch(() => undefined))?.ok ? true : undefined))
}

async function stop(signal: NodeJS.Signals): Promise<void> {
  const stopped = server
  server = undefined
  stopped?.kill(signal)
  await stopped?.finished
}

const training = `import trainyard
context = trainyard.get_or_create_ctx("train")
for step in range(50):
    context.log_metric("loss", 1 / (step + 1), step=step)
context.log_result("note", "fine")
context.log_artifact("model", body=b"weights", local_path="model.bin")
print("done")
`

const onServer = async (): Promise<RunRecord[]> => (await there.json<{ runs: RunRecord[] }>('ls', '--iterations')).runs

describe('TRAINYARD_URL', () => {
  it('sends a run to the server, and commands read it from there', { timeout: 120_000 }, async () => {
    await up()
    here.write('train.py', training)
    const run = await here.json('run', 'train.py', '-p', 'eta=0.1', '-l', 'team=a')
    expect(readdirSync(join(here.folder, '.trainyard', 'outbox'))).toEqual([])
    // Read from the server: what lies here is not looked at.
    const shown = await here.json<{ run: RunRecord; artifacts: ArtifactRecord[] }>('show', 'train')
    expect(shown.run).toMatchObject({ id: run.id, state: 'completed', parameters: { eta: 0.1 }, labels: { team: 'a' } })
    expect(shown.run.results).toMatchObject({ loss: 0.02, note: 'fine' })
    expect(shown.run.outPath).toContain(there.folder)
    expect((await here.run('logs', run.id)).stdout).toBe('done\n')
    expect((await here.json<{ runs: RunRecord[] }>('ls', '--filter', 'metrics.loss < 0.1')).runs).toHaveLength(1)
    expect((await here.run('artifacts', 'get', 'model', 'copy.bin')).code).toBe(0)
    expect(readFileSync(join(here.folder, 'copy.bin'), 'utf8')).toBe('weights')
    expect((await onServer()).map(({ id }) => id)).toEqual([run.id])
    expect((await here.run('models', 'ls')).code).toBe(0)
    const refused = await here.run('trash', 'empty', '--yes')
    expect([refused.code === 0, refused.stderr]).toEqual([false, expect.stringContaining('TRAINYARD_URL')])
  })

  it('keeps what it cannot send, and the next command that reaches the server sends it once', { timeout: 120_000 }, async () => {
    here.write('train.py', training)
    here.write('tune.py', 'def train(context, x=0):\n    context.log_result("square", x * x)\n')
    const away = await here.run('run', 'train.py')
    expect([away.code, away.stderr]).toEqual([0, expect.stringContaining('the next command that reaches')])
    expect((await here.run('run', 'tune.py:train', '-x', 'x=[1,2,3]', '--selector', 'max.square')).code).toBe(0)
    expect((await here.run('ls')).code).not.toBe(0)
    await up()
    for (let again = 0; again < 2; again++) {
      const { runs } = await here.json<{ runs: RunRecord[] }>('ls', '--iterations')
      expect(runs.map(({ name, state }) => `${name} ${state}`).sort()).toEqual([
        'train completed',
        ...Array.from({ length: 4 }, () => 'tune-train completed'),
      ])
      expect(runs.find(({ kind }) => kind === 'sweep')?.results['square']).toBe(9)
    }
    const { metrics } = await there.json<{ metrics: { key: string; pointCount: number }[] }>('show', 'train')
    expect(metrics.find(({ key }) => key === 'loss')?.pointCount).toBe(50)
  })

  it(
    'sends the logged models, registered versions and traces of scripts that use mlflow, once, when the server was away',
    { timeout: 180_000 },
    async () => {
      here.write(
        'train.py',
        `import json, os, urllib.request
def call(method, path, body, kind="application/json"):
    headers = {"Content-Type": kind, "Authorization": "Bearer " + os.environ["MLFLOW_TRACKING_TOKEN"]}
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(os.environ["MLFLOW_TRACKING_URI"] + path, data, headers, method=method)
    return json.load(urllib.request.urlopen(request))
run = os.environ["MLFLOW_RUN_ID"]
model = call("POST", "/api/2.0/mlflow/logged-models", {"experiment_id": "0", "name": "net", "params": [{"key": "depth", "value": "3"}]})["model"]
id, experiment = model["info"]["model_id"], model["info"]["experiment_id"]
files = "/api/2.0/mlflow-artifacts/artifacts/" + experiment + "/models/" + id + "/artifacts/"
call("PUT", files + "MLmodel", b"flavors: {sklearn: {}}\\n", "application/octet-stream")
call("PUT", files + "data/weights.bin", os.urandom(300000), "application/octet-stream")
call("PATCH", "/api/2.0/mlflow/logged-models/" + id, {"status": "LOGGED_MODEL_READY"})
call("POST", "/api/2.0/mlflow/runs/outputs", {"run_id": run, "models": [{"model_id": id, "step": 4}]})
call("POST", "/api/2.0/mlflow/runs/log-metric", {"run_id": run, "key": "acc", "value": 0.75, "timestamp": 1, "step": 1, "model_id": id})
call("POST", "/api/2.0/mlflow/registered-models/create", {"name": "net"})
call("POST", "/api/2.0/mlflow/model-versions/create", {"name": "net", "source": "models:/" + id, "run_id": run, "model_id": id})
call("POST", "/api/2.0/mlflow/registered-models/alias", {"name": "net", "alias": "champion", "version": "1"})
for number in range(5):
    location = {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "0"}}
    info = {"trace_id": "tr-%032d" % number, "trace_location": location, "request_time": "2026-01-01T00:00:00Z", "state": "OK", "tags": {"kind": "demo"}}
    call("POST", "/api/3.0/mlflow/traces", {"trace": {"trace_info": info}})
print(id)
`,
      )
      const run = await here.json('run', 'train.py')
      expect(run.state).toBe('completed')
      await up()
      // Somebody has a model of that name there.
      expect((await there.run('models', 'register', 'net', 's3://theirs/net')).code).toBe(0)
      for (let again = 0; again < 2; again++) expect((await here.json<{ runs: RunRecord[] }>('ls')).runs).toHaveLength(1)
      expect(readdirSync(join(here.folder, '.trainyard', 'outbox'))).toEqual([])
      const ask = async (method: string, path: string, body?: object): Promise<Response> =>
        await fetch(`http://127.0.0.1:${port}/${path}`, {
          method,
          headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
          ...(body && { body: JSON.stringify(body) }),
        })
      const modelId = (await here.run('logs', run.id)).stdout.trim()
      const told = await ask('GET', `api/2.0/mlflow/logged-models/${modelId}`)
      const { model } = (await told.json()) as { model: { info: Record<string, string>; data: object } }
      expect(model).toMatchObject({
        info: { name: 'net', status: 'LOGGED_MODEL_READY', source_run_id: run.id },
        data: { params: [{ key: 'depth', value: '3' }], metrics: [{ key: 'acc', value: 0.75, run_id: run.id }] },
      })
      const at = model.info['artifact_uri']!.replace('mlflow-artifacts:/', '')
      const weights = await ask('GET', `api/2.0/mlflow-artifacts/artifacts/${at}/data/weights.bin`)
      expect((await weights.arrayBuffer()).byteLength).toBe(300_000)
      const asked = await ask('GET', 'api/2.0/mlflow/registered-models/get?name=net')
      const registered = ((await asked.json()) as { registered_model: { aliases: object[]; latest_versions: object[] } })
        .registered_model
      expect(registered.aliases).toEqual([{ alias: 'champion', version: '2' }])
      expect(registered.latest_versions).toEqual([
        expect.objectContaining({ version: '2', run_id: run.id, source: `models:/${modelId}` }),
      ])
      const uri = await ask('GET', 'api/2.0/mlflow/model-versions/get-download-uri?name=net&version=2')
      expect(await uri.json()).toEqual({ artifact_uri: model.info['artifact_uri'] })
      const locations = [{ type: 'MLFLOW_EXPERIMENT', mlflow_experiment: { experiment_id: model.info['experiment_id'] } }]
      const search = await ask('POST', 'api/3.0/mlflow/traces/search', { locations, filter: `run_id = '${run.id}'` })
      expect(((await search.json()) as { traces: object[] }).traces).toHaveLength(5)
      // The model among the artifacts of the run is that very model, whose bytes are there once.
      const { artifacts } = await here.json<{ artifacts: ArtifactRecord[] }>('show', run.id)
      expect(artifacts.map(({ kind, target }) => [kind, target.endsWith(`models/${modelId}`)])).toEqual([['model', true]])
    },
  )

  it('loses nothing and doubles nothing when server and client are killed in the middle', { timeout: 180_000 }, async () => {
    await up()
    here.write(
      'long.py',
      [
        'import os, time, trainyard',
        'context = trainyard.get_or_create_ctx("long")',
        'for step in range(400):',
        '    context.log_metric("loss", step / 2, step=step)',
        '    print("step", step)',
        '    time.sleep(0.01)',
        'while not os.path.exists("go"): time.sleep(0.05)',
        'context.log_metric("loss", 1000, step=1000)',
      ].join('\n'),
    )
    const client = here.start(['run', 'long.py'])
    await eventually(async () => (await onServer()).find(({ results }) => Number(results['loss']) > 0))
    await stop('SIGKILL')
    await up()
    client.kill('SIGKILL')
    await client.finished
    here.write('go', '')
    const [run] = await eventually(async () => {
      const { stdout } = await here.run('ls', '--json')
      const { runs } = JSON.parse(stdout || '{"runs":[]}') as { runs: RunRecord[] }
      return runs[0]?.state === 'completed' ? runs : undefined
    }, 60_000)
    expect(run?.results['loss']).toBe(1000)
    const { metrics } = await there.json<{ metrics: { key: string; pointCount: number }[] }>('show', 'long')
    expect(metrics.find(({ key }) => key === 'loss')?.pointCount).toBe(401)
    const output = (await there.run('logs', 'long')).stdout
    expect(output).toBe(Array.from({ length: 400 }, (_, step) => `step ${step}\n`).join(''))
    expect(await onServer()).toHaveLength(1)
  })

  it('sends points whose steps went back, and equal ones once', { timeout: 120_000 }, async () => {
    await up()
    here.write(
      'back.py',
      [
        'import os, time, trainyard',
        'context = trainyard.get_or_create_ctx("back")',
        'for step in range(10): context.log_metric("loss", step / 2, step=step)',
        'while not os.path.exists("go"): time.sleep(0.05)',
        'context.log_metric("loss", 333, step=3)',
      ].join('\n'),
    )
    const client = here.start(['run', 'back.py'])
    const countThere = async (): Promise<number | undefined> => {
      const { code, stdout } = await there.run('show', 'back', '--json')
      const { metrics } = JSON.parse(code === 0 ? stdout : '{"metrics":[]}') as { metrics: { key: string; pointCount: number }[] }
      return metrics.find(({ key }) => key === 'loss')?.pointCount
    }
    await eventually(async () => ((await countThere()) === 10 ? true : undefined), 60_000)
    here.write('go', '')
    expect((await client.finished).code).toBe(0)
    expect([await countThere(), readdirSync(join(here.folder, '.trainyard', 'outbox'))]).toEqual([11, []])
  })

  it('keeps the run while something in front of the server refuses it', { timeout: 120_000 }, async () => {
    const proxy = createHttpServer((_request, response) => response.writeHead(404).end('<h1>Not here</h1>'))
    await new Promise<void>((resolve) => void proxy.listen(port, '127.0.0.1', resolve))
    here.write('train.py', training)
    const refused = await here.run('run', 'train.py')
    await new Promise((resolve) => proxy.close(resolve))
    expect([refused.code, refused.stderr]).toEqual([0, expect.stringContaining('The run is kept here')])
    expect(readdirSync(join(here.folder, '.trainyard', 'outbox'))).toHaveLength(1)
    await up()
    const { runs } = await here.json<{ runs: RunRecord[] }>('ls')
    expect(runs.map(({ name, state }) => `${name} ${state}`)).toEqual(['train completed'])
    expect(readdirSync(join(here.folder, '.trainyard', 'outbox'))).toEqual([])
  })

  it('stops a run here when somebody aborts it there', { timeout: 120_000 }, async () => {
    await up()
    here.write('sleep.py', 'import time\ntime.sleep(600)\n')
    const client = here.start(['run', 'sleep.py'])
    await eventually(async () => (await onServer()).find(({ state }) => state === 'running'))
    const { code, stdout } = await there.run('abort', 'sleep', '--reason', 'too long')
    expect([code, stdout]).toEqual([0, expect.stringContaining('aborted')])
    await client.finished
    expect(existsSync(join(here.folder, '.trainyard', 'outbox'))).toBe(true)
    const [run] = await onServer()
    expect([run?.state, run?.stateReason]).toEqual(['aborted', expect.stringContaining('too long')])
  })
})
