import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { RunRecord } from '@trainyard/contract'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { eventually, Workshop } from './program.ts'

/** What MLflow's clients send, without the package: `compat/mlflow` has the real one. */
const client = `import json, os, urllib.request

def call(method, path, **fields):
    request = urllib.request.Request(
        os.environ["MLFLOW_TRACKING_URI"] + "/api/2.0/mlflow/" + path,
        json.dumps(fields).encode(),
        {"Content-Type": "application/json", "Authorization": "Bearer " + os.environ["MLFLOW_TRACKING_TOKEN"]},
        method=method,
    )
    return json.load(urllib.request.urlopen(request))

def log(key, value, step=0):
    call("POST", "runs/log-metric", run_id=os.environ["MLFLOW_RUN_ID"], key=key, value=value, timestamp=1, step=step)
`

let workshop: Workshop
beforeEach(() => {
  workshop = new Workshop({
    MLFLOW_TRACKING_URI: undefined,
    MLFLOW_RUN_ID: undefined,
    MLFLOW_EXPERIMENT_ID: undefined,
    MLFLOW_EXPERIMENT_NAME: undefined,
  })
  workshop.write('client.py', client)
})
afterEach(() => workshop[Symbol.dispose]())

describe("MLflow's calls in a job", () => {
  it('land in that very run, without a server and without a setting', async () => {
    workshop.write('train.py', 'from client import *\nlog("loss", 0.5, 3)\nprint(os.environ["MLFLOW_RUN_ID"])\n')
    const run = await workshop.json('run', 'train.py')
    expect(run).toMatchObject({ state: 'completed', results: { loss: 0.5 } })
    expect((await workshop.run('logs', run.id)).stdout).toBe(`${run.id}\n`)
  })

  it('land in a run of another project too, and what they begin is below it and ends with it', async () => {
    const script = 'from client import *\ncall("POST", "runs/create", run_name="inner")\nraise SystemExit(3)\n'
    workshop.write('train.py', script)
    const run = await workshop.json('run', 'train.py', '--project', 'vision')
    expect(run.state).toBe('failed')
    const inner = await workshop.json<{ run: RunRecord }>('show', 'inner', '--project', 'vision')
    expect(inner.run).toMatchObject({ parentId: run.id, experiment: 'train', state: 'aborted' })
    expect(inner.run.stateReason).toMatch(/^not finished: its run/)
  })

  it('land in the iteration that makes them, in warm forks and in processes of their own', async () => {
    workshop.write('tune.py', 'from client import *\ndef train(context, x=0):\n    log("square", x * x)\n')
    const parent = await workshop.json(
      'run',
      'tune.py:train',
      '-x',
      'x=[1,2,3,4,5,6]',
      '--selector',
      'max.square',
      '--parallel',
      '3',
    )
    workshop.write('plain.py', 'import sys\nfrom client import *\nlog("square", int(sys.argv[1]) ** 2)\n')
    const plain = await workshop.run('run', 'plain.py', '-x', 'x=[7,8]', '--selector', 'max.square', '--', '{x}')
    expect([parent.results['square'], plain.code]).toEqual([36, 0])
    expect(plain.stderr).not.toContain('did not log')
    const listed = await workshop.json<{ runs: RunRecord[] }>('ls', '--iterations', '--filter', 'iteration > 0')
    for (const { parameters, results } of listed.runs) expect(results['square']).toBe(Number(parameters['x']) ** 2)
    expect(listed.runs).toHaveLength(8)
  })

  it('go to the running server of the data directory', async () => {
    const server = workshop.start(['up', '--port', '0', '--no-open', '--token', 'secret'])
    const note = join(workshop.folder, '.trainyard', 'server.json')
    await eventually(() => existsSync(note) || undefined)
    workshop.write('train.py', 'from client import *\nlog("loss", 0.5)\nprint(os.environ["MLFLOW_TRACKING_URI"])\n')
    const run = await workshop.json('run', 'train.py')
    const { url } = await workshop.json<{ url: string }>('status')
    expect(run.results['loss']).toBe(0.5)
    expect((await workshop.run('logs', run.id)).stdout).toBe(`${url}\n`)
    server.kill('SIGTERM')
    await server.finished
  })

  it("land in their run too where the environment names this data directory's own server", async () => {
    const server = workshop.start(['up', '--port', '0', '--no-open'])
    const note = join(workshop.folder, '.trainyard', 'server.json')
    await eventually(() => existsSync(note) || undefined)
    const { url } = await workshop.json<{ url: string }>('status')
    workshop.write('train.py', 'from client import *\nlog("loss", 0.5)\n')
    const uri = `${url.replace('127.0.0.1', 'localhost')}/`
    const run = await workshop.json('run', 'train.py', '--env', `MLFLOW_TRACKING_URI=${uri}`)
    expect(run).toMatchObject({ state: 'completed', results: { loss: 0.5 } })
    server.kill('SIGTERM')
    await server.finished
  })

  it('are left alone where the user has pointed the client elsewhere, which is told once', async () => {
    workshop.write('train.py', 'import os\nprint(os.environ["MLFLOW_TRACKING_URI"], os.environ.get("MLFLOW_RUN_ID"))\n')
    const { stdout, stderr } = await workshop.run('run', 'train.py', '--env', 'MLFLOW_TRACKING_URI=http://elsewhere.example')
    expect(stdout).toBe('http://elsewhere.example None\n')
    expect(stderr.split('http://elsewhere.example, which is not this')).toHaveLength(2)
  })

  it('land in the inner run where one is started inside another, and nobody is told of an address he never set', async () => {
    workshop.write('inner.py', 'from client import *\nlog("inner_loss", 0.25)\n')
    workshop.write(
      'outer.py',
      `from client import *
import subprocess
subprocess.run([*json.loads(os.environ["TRAINYARD_CLI"]), "run", "inner.py", "-n", "nested"], check=True)
log("outer_loss", 0.5)
`,
    )
    const outer = await workshop.json('run', 'outer.py', '-n', 'around')
    const { run: inner } = await workshop.json<{ run: RunRecord }>('show', 'nested')
    expect(outer).toMatchObject({ state: 'completed', results: { outer_loss: 0.5 } })
    expect(inner).toMatchObject({ state: 'completed', results: { inner_loss: 0.25 } })
    expect(outer.results).not.toHaveProperty('inner_loss')
    expect((await workshop.run('logs', outer.id)).stdout).not.toContain('MLFLOW_TRACKING_URI')
  })

  it('move a run to the experiment they choose, and name it, unless the command says both; a sweep follows', async () => {
    workshop.write(
      'train.py',
      `from client import *
call("POST", "experiments/create", name="wine" + os.environ.get("YEAR", ""))
call("POST", "runs/update", run_id=os.environ["MLFLOW_RUN_ID"], run_name="rf-3")
call("POST", "runs/create", run_name="inner")
`,
    )
    const run = await workshop.json('run', 'train.py')
    expect(run).toMatchObject({ state: 'completed', experiment: 'wine', name: 'rf-3' })
    const placed = await workshop.json('run', 'train.py', '--experiment', 'mine', '-n', 'given', '--env', 'YEAR=2026')
    const labels = { 'mlflow.runName': 'rf-3' }
    expect(placed).toMatchObject({ state: 'completed', experiment: 'mine', name: 'given', labels })
    workshop.write(
      'tune.py',
      `from client import *
def train(context, x=0):
    call("POST", "experiments/create", name="grapes " + str(x))
    call("POST", "runs/create", run_name="below")
    log("square", x * x)
`,
    )
    const sweep = await workshop.json('run', 'tune.py:train', '-x', 'x=[1,2,3]', '-n', 'swept', '--parallel', '1')
    const { runs } = await workshop.json<{ runs: RunRecord[] }>('ls', '--iterations', '--filter', 'name in ("swept", "below")')
    expect(sweep).toMatchObject({ state: 'completed', experiment: 'grapes 1' })
    expect(runs.map(({ experiment }) => experiment)).toEqual(Array.from({ length: runs.length }, () => 'grapes 1'))
  })

  it('of a client outside any job leave no output, and `logs` says so', async () => {
    workshop.write('train.py', 'from client import *\ncall("POST", "runs/create", run_name="inner")\n')
    await workshop.json('run', 'train.py')
    const { code, stdout, stderr } = await workshop.run('logs', 'inner')
    expect([code, stdout]).toEqual([0, ''])
    expect(stderr).toContain('was not captured: a client logged this run')
  })

  it('can come from a job in TypeScript, and from what it starts', async () => {
    workshop.write('train.ts', "import { execFileSync } from 'node:child_process'\nexecFileSync('python3', ['inner.py'])\n")
    workshop.write('inner.py', 'from client import *\nlog("loss", 0.25)\n')
    expect(await workshop.json('run', 'train.ts')).toMatchObject({ state: 'completed', results: { loss: 0.25 } })
  })
})
