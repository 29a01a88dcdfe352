import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { RunRecord } from '@trainyard/contract'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { eventually, type Started, Workshop } from './program.ts'

const pythonPackage = fileURLToPath(new URL('../../python', import.meta.url))

let workshop: Workshop
let server: Started
let url: string
beforeEach(async () => {
  workshop = new Workshop()
  server = workshop.start(['up', '--port', '0', '--no-open'])
  await eventually(() => existsSync(join(workshop.folder, '.trainyard', 'server.json')) || undefined)
  url = (await workshop.json<{ url: string }>('status')).url
})
afterEach(async () => {
  server.kill('SIGTERM')
  await server.finished
  workshop[Symbol.dispose]()
})

const ask = async (path: string): Promise<{ runs: RunRecord[] }> =>
  (await (await fetch(`${url}/api/trainyard/v1${path}`)).json()) as { runs: RunRecord[] }

describe('a running server', () => {
  // Twelve rounds, each of which the server has to see: looking every ten seconds would take two minutes.
  it('sees what a notebook logs while it logs it', { timeout: 60_000 }, async () => {
    workshop.write(
      'notebook.py',
      [
        'import sys, trainyard',
        'context = trainyard.get_or_create_ctx("notebook")',
        'for line in sys.stdin:',
        '    context.log_metric("round", int(line), step=int(line))',
      ].join('\n'),
    )
    const notebook = spawn('python3', ['notebook.py'], {
      cwd: workshop.folder,
      env: { ...workshop.environment, PYTHONPATH: pythonPackage, TRAINYARD_HOME: join(workshop.folder, '.trainyard') },
      stdio: ['pipe', 'inherit', 'inherit'],
    })
    for (let round = 1; round <= 12; round++) {
      notebook.stdin.write(`${round}\n`)
      await eventually(async () => (await ask('/runs')).runs.find(({ results }) => results['round'] === round))
    }
    notebook.stdin.end()
    await once(notebook, 'exit')
    const ended = await eventually(async () => (await ask('/runs')).runs.find(({ state }) => state === 'completed'))
    expect(ended).toMatchObject({ name: 'notebook', results: { round: 12 } })
  })

  it('does not claim to have stopped what a client watches: the record is closed and says so', async () => {
    const create = await fetch(`${url}/api/2.0/mlflow/runs/create`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ experiment_id: '0', run_name: 'theirs' }),
    })
    expect(create.status).toBe(200)
    const { code, stderr } = await workshop.run('abort', 'theirs')
    expect([code, stderr]).toEqual([0, expect.stringContaining('its program watches itself and was not stopped')])
    const { run } = await workshop.json<{ run: RunRecord }>('show', 'theirs')
    expect(run.state).toBe('aborted')
    expect(run.stateReason).toMatch(/^aborted by .*; its program watches itself and was not stopped$/)
  })
})
