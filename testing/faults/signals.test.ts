import { spawn } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { RunRecord } from '@trainyard/contract'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { eventually, type Started, Workshop } from '../end-to-end/program.ts'
import { commandOf, killAll, processesOf, show } from './faults.ts'
import { openRecordsOf } from './records.ts'

let workshop: Workshop
beforeEach(() => {
  workshop = new Workshop()
})
afterEach(() => {
  killAll(workshop)
  workshop[Symbol.dispose]()
})

const politeScript = `
import subprocess, time

def job(context, stubborn: bool = False):
    subprocess.Popen(["sleep", "1000"])
    context.log_result("begun", 1)
    try:
        open("up-%d" % context.iteration, "w").close()
        time.sleep(1000)
    finally:
        context.log_result("cleaned", 1)
        print("cleaned", flush=True)
        if stubborn:
            time.sleep(1000)
`

const isUp = (iteration = 0): true | undefined => existsSync(join(workshop.folder, `up-${iteration}`)) || undefined

async function startPolite(...options: string[]): Promise<Started> {
  workshop.write('polite.py', politeScript)
  const started = workshop.start(['run', 'polite.py:job', ...options])
  await eventually(() => isUp())
  return started
}

const children = async (parentId: string): Promise<RunRecord[]> => {
  await using records = await openRecordsOf(workshop)
  return records.tracking.runs.children(parentId)
}

/** No process, no folder, no half-written file is left. */
function expectClean(): void {
  expect(processesOf(workshop).map(commandOf)).toEqual([])
  expect(readdirSync(join(workshop.folder, '.trainyard', 'runs'))).toEqual([])
  expect(readdirSync(join(workshop.folder, '.trainyard')).filter((name) => name.startsWith('detached'))).toEqual([])
}

describe('a signal to trainyard run', () => {
  it.for([
    ['SIGINT', 'Ctrl-C'],
    ['SIGTERM', 'SIGTERM'],
    ['SIGHUP', 'SIGHUP'],
  ] as const)(
    '%s once is polite: finally runs, the run is aborted with the reason, exit 130',
    { timeout: 180_000 },
    async ([signal, told]) => {
      const started = await startPolite()
      started.kill(signal)
      expect(await started.finished).toMatchObject({ code: 130, stdout: 'cleaned\n' })
      const run = await show(workshop, 'latest')
      expect(run).toMatchObject({
        state: 'aborted',
        results: { begun: 1, cleaned: 1 },
        exit: { kind: 'cancelled', forced: false },
        supervisor: null,
      })
      expect(run.stateReason).toContain(told)
      expectClean()
    },
  )

  it('twice kills what does not want to end', async () => {
    const started = await startPolite('-p', 'stubborn=true')
    started.kill('SIGINT')
    await eventually(async () => ((await show(workshop, 'latest')).results['cleaned'] === 1 ? true : undefined))
    started.kill('SIGINT')
    expect(await started.finished).toMatchObject({ code: 130 })
    expect(await show(workshop, 'latest')).toMatchObject({
      state: 'aborted',
      results: { cleaned: 1 },
      exit: { kind: 'cancelled', forced: true },
    })
    expectClean()
  })

  it('while a sweep imports its module, which hangs, ends it', async () => {
    workshop.write('hang.py', 'import time\nopen("up-0", "w").close()\ntime.sleep(1000)\ndef job(context, a=1):\n    pass\n')
    const started = workshop.start(['run', 'hang.py:job', '-x', 'a=[1,2]'])
    await eventually(() => isUp())
    started.kill('SIGINT')
    expect(await started.finished).toMatchObject({ code: 130 })
    expect(await show(workshop, 'latest')).toMatchObject({ state: 'aborted', kind: 'sweep' })
    expectClean()
  })
})

describe('trainyard abort', () => {
  it('ends a run of another process, with who and why, and refuses one that has ended', async () => {
    const started = await startPolite('--quiet')
    const aborted = await workshop.run('abort', 'latest', '--reason', 'diverged')
    expect(aborted).toMatchObject({ code: 0 })
    expect(await started.finished).toMatchObject({ code: 130 })
    const run = await show(workshop, 'latest')
    expect(run).toMatchObject({ state: 'aborted', results: { cleaned: 1 } })
    expect(run.stateReason).toContain('diverged')
    expectClean()
    const again = await workshop.run('abort', 'latest')
    expect(again.code).toBe(4)
    expect(again.stderr).toContain('aborted already')
  })

  it('ends a run whose supervisor is gone, group and all', async () => {
    const started = await startPolite('--quiet')
    started.kill('SIGKILL')
    await started.finished
    expect((await workshop.run('abort', 'latest')).code).toBe(0)
    expect(await show(workshop, 'latest')).toMatchObject({ state: 'aborted', results: { cleaned: 1 } })
    expectClean()
  })

  it('ends one iteration, running or waiting, and leaves the others', async () => {
    workshop.write(
      'some.py',
      'import os, time\ndef job(context, a: int):\n    open("up-%d" % context.iteration, "w").close()\n    while not os.path.exists("go") and context.iteration < 3:\n        time.sleep(0.01)\n    context.log_result("x", a)\n',
    )
    const started = workshop.start(['run', 'some.py:job', '-n', 'some', '-x', 'a=[1,2,3,4]', '--parallel', '2', '--quiet'])
    await eventually(() => isUp(1) && isUp(2))
    expect((await workshop.run('abort', 'some/2')).code).toBe(0)
    expect((await workshop.run('abort', 'some/1', '--force')).code).toBe(0)
    workshop.write('go', '')
    expect(await started.finished).toMatchObject({ code: 0 })
    const iterations = await children((await show(workshop, 'some')).id)
    expect(iterations.map(({ state }) => state)).toEqual(['aborted', 'aborted', 'completed', 'completed'])
    expectClean()
  })

  it('ends an iteration that still waits for its slot, so that it never begins', async () => {
    workshop.write(
      'wait.py',
      'import os, time\ndef job(context, a: int):\n    open("up-%d" % context.iteration, "w").close()\n    while not os.path.exists("go"):\n        time.sleep(0.01)\n',
    )
    const started = workshop.start(['run', 'wait.py:job', '-n', 'wait', '-x', 'a=[1,2,3]', '--parallel', '1', '--quiet'])
    await eventually(() => isUp(1))
    expect((await workshop.run('abort', 'wait/3')).code).toBe(0)
    workshop.write('go', '')
    expect(await started.finished).toMatchObject({ code: 0 })
    expect((await children((await show(workshop, 'wait')).id)).map(({ state }) => state)).toEqual([
      'completed',
      'completed',
      'aborted',
    ])
    expect(isUp(3)).toBeUndefined()
    expectClean()
  })

  it.for([false, true])('ends a sweep with all its iterations (supervisor gone: %s)', { timeout: 180_000 }, async (isGone) => {
    workshop.write('polite.py', politeScript)
    const started = workshop.start([
      'run',
      'polite.py:job',
      '-n',
      'all',
      '-x',
      'stubborn=[false,false,false,false]',
      '--strategy',
      'list',
      '--parallel',
      '2',
      '--quiet',
    ])
    await eventually(() => isUp(1) && isUp(2))
    if (isGone) {
      started.kill('SIGKILL')
      await started.finished
    }
    expect((await workshop.run('abort', 'all')).code).toBe(0)
    if (!isGone) expect(await started.finished).toMatchObject({ code: 130 })
    const sweep = await show(workshop, 'all')
    expect(sweep).toMatchObject({ state: 'aborted' })
    for (const { state, results } of (await children(sweep.id)).slice(0, 2))
      expect([state, results['cleaned']]).toEqual(['aborted', 1])
    for (const { state } of (await children(sweep.id)).slice(2)) expect(['aborted', 'skipped']).toContain(state)
    expectClean()
  })
})

describe('trainyard logs -f', () => {
  it('shows what a script prints whose supervisor was killed, up to its end', async () => {
    workshop.write(
      'say.py',
      'import time\nopen("up-0", "w").close()\nfor n in range(30):\n    print(n, flush=True)\n    time.sleep(0.1)\n',
    )
    const started = workshop.start(['run', 'say.py', '--quiet'])
    await eventually(() => isUp())
    started.kill('SIGKILL')
    await started.finished
    const { code, stdout } = await workshop.run('logs', 'latest', '-f')
    expect(code).toBe(0)
    expect(stdout).toBe(Array.from({ length: 30 }, (_, n) => `${n}\n`).join(''))
    expectClean()
  })
})

describe('a bare import trainyard', () => {
  const startBare = (script: string): { pid: number; ended: Promise<unknown> } => {
    const path = workshop.write('bare.py', script)
    const child = spawn(process.env['TRAINYARD_TEST_PYTHON'] ?? 'python3', [path], {
      cwd: workshop.folder,
      env: { ...process.env, PYTHONPATH: fileURLToPath(new URL('../../python', import.meta.url)), TRAINYARD_HOME: '' },
      stdio: 'ignore',
    })
    return { pid: child.pid ?? 0, ended: new Promise((resolve) => child.once('exit', resolve)) }
  }
  const script =
    'import trainyard, time\nc = trainyard.get_or_create_ctx("bare")\nfor step in range(100):\n    c.log_metric("m", step, step=step)\nopen("up-0", "w").close()\nwith c.get_child_context(depth=1) as child:\n    child.log_result("y", 1)\n    open("up-1", "w").close()\n    time.sleep(1000)\n'

  it('is shown running with its points, with its child, and as lost once it was killed', async () => {
    const bare = startBare(script)
    await eventually(() => isUp(1))
    for (let look = 0; look < 2; look++) {
      const run = await show(workshop, 'bare')
      expect(run).toMatchObject({ state: 'running', results: { m: 99 }, supervisor: { pid: bare.pid } })
      expect(await children(run.id)).toMatchObject([{ state: 'running', results: { y: 1 } }])
    }
    process.kill(bare.pid, 'SIGKILL')
    await bare.ended
    const run = await show(workshop, 'bare')
    expect(run).toMatchObject({
      state: 'failed',
      exit: { kind: 'lost' },
      results: { m: 99 },
      code: { file: join(workshop.folder, 'bare.py') },
    })
    expect(run.environment?.interpreter?.['version']).toMatch(/^3\./)
    expect((await children(run.id)).map(({ state }) => state)).toEqual(['failed'])
    expectClean()
  })

  it('is ended by abort', async () => {
    const bare = startBare(script)
    await eventually(() => isUp(1))
    await workshop.run('ls')
    expect((await workshop.run('abort', 'bare')).code).toBe(0)
    await bare.ended
    expect(await show(workshop, 'bare')).toMatchObject({ state: 'aborted' })
    expectClean()
  })
})

describe('--detach', () => {
  it('prints the id, survives its shell, can be followed and aborted', async () => {
    workshop.write(
      'long.py',
      'import time\nopen("up-0", "w").close()\nfor n in range(1000):\n    print(n, flush=True)\n    time.sleep(0.05)\n',
    )
    const { code, stdout } = await workshop.run('run', 'long.py', '--detach')
    expect(code).toBe(0)
    const id = stdout.trim()
    expect(id).toMatch(/^[0-9a-f]{32}$/)
    await eventually(() => isUp())
    const following = workshop.start(['logs', id, '-f'])
    await eventually(async () => (await workshop.run('logs', id)).stdout.startsWith('0\n1\n2\n') || undefined)
    expect((await workshop.run('abort', id)).code).toBe(0)
    const { stdout: followed, code: followedCode } = await following.finished
    expect(followedCode).toBe(0)
    expect(followed).toMatch(/^0\n1\n2\n/)
    expect((await show(workshop, id)).state).toBe('aborted')
    expectClean()
  })

  it('still tells mistakes, with their exit codes', async () => {
    expect(await workshop.run('run', 'missing.py', '--detach')).toMatchObject({ code: 2 })
    workshop.write('ok.py', 'print(1)\n')
    const bad = await workshop.run('run', 'ok.py', '--detach', '-x', 'a=3')
    expect(bad.code).toBe(2)
    expect(bad.stderr).toMatch(/^error: .*a/m)
  })

  it('takes a task from standard input, and passes --detach after -- on to the script', async () => {
    workshop.write('say.py', 'import sys, trainyard\nprint(sys.argv[1:], trainyard.get_or_create_ctx("x").get_param("p", 0))\n')
    const started = workshop.start(['run', 'say.py', '--task', '-', '--detach', '--', '--detach'], {
      input: JSON.stringify({ parameters: { p: 7 } }),
    })
    const { stdout, stderr, code } = await started.finished
    expect([code, stderr.includes('error')]).toEqual([0, false])
    await eventually(async () => ((await show(workshop, stdout.trim())).state === 'completed' ? true : undefined))
    expect((await workshop.run('logs', stdout.trim())).stdout).toBe("['--detach'] 7\n")
    expectClean()
  })
})
