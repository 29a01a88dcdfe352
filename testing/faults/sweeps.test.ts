import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { RunRecord } from '@trainyard/contract'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { eventually, Workshop } from '../end-to-end/program.ts'
import { commandOf, delay, foldersLeft, killAll, processesOf, rounds, show, within } from './faults.ts'
import { openRecordsOf, pointsOf } from './records.ts'

let workshop: Workshop
beforeEach(() => {
  workshop = new Workshop()
})
afterEach(() => {
  killAll(workshop)
  workshop[Symbol.dispose]()
})

/** Each execution writes its iteration down when it begins and when it is about to return. */
const countedScript = `
import os, time

def note(name, text):
    file = os.open(os.path.join(os.path.dirname(os.path.abspath(__file__)), name), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(file, ("%s\\n" % text).encode())
    os.close(file)

def hold(iteration):
    # Iterations behind the number in the file "hold" wait until it is gone: the sweep cannot be over when it is to be killed.
    while True:
        try:
            with open("hold") as file:
                if iteration <= int(file.read()):
                    return
        except FileNotFoundError:
            return
        time.sleep(0.02)

def job(context, a: int = 1, b: int = 1, wait: float = 0.0):
    note("begun", context.iteration)
    hold(context.iteration)
    for step in range(10):
        context.log_metric("accuracy", (a * 100 + b) * (step + 1) / 10, step=step)
        time.sleep(wait)
    print("iteration", context.iteration)
    context.log_artifact("model", body=b"model of %d" % context.iteration, local_path="model.txt")
`

const grid = (rows: number, columns: number): string[] => [
  '-x',
  `a=${JSON.stringify(Array.from({ length: rows }, (_, index) => index + 1))}`,
  '-x',
  `b=${JSON.stringify(Array.from({ length: columns }, (_, index) => index + 1))}`,
]

/** Lets only the first iterations end, until the answer is called. */
function holdAfter(iteration: number): () => void {
  const path = workshop.write('hold', String(iteration))
  return () => rmSync(path)
}

const linesOf = (name: string): number[] => {
  try {
    return readFileSync(join(workshop.folder, name), 'utf8').trim().split('\n').map(Number)
  } catch {
    return []
  }
}

async function children(parentId: string): Promise<RunRecord[]> {
  await using records = await openRecordsOf(workshop)
  return records.tracking.runs.children(parentId)
}

async function expectWholeSweep(sweep: RunRecord, count: number, best: number): Promise<void> {
  expect(sweep).toMatchObject({
    state: 'completed',
    supervisor: null,
    sweep: { planned: count, completed: count, failed: 0, running: 0 },
  })
  await using records = await openRecordsOf(workshop)
  const iterations = await records.tracking.runs.children(sweep.id)
  expect(iterations.map(({ iteration }) => iteration)).toEqual(Array.from({ length: count }, (_, index) => index + 1))
  expect(iterations.every(({ state }) => state === 'completed')).toBe(true)
  for (const { id } of iterations) {
    expect((await pointsOf(records.tracking, id, 'accuracy')).map(({ step }) => step)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect((await records.tracking.artifacts.ofRun(id)).map(({ key }) => key)).toEqual(['model'])
  }
  const values = iterations.map(({ results }) => results['accuracy'] as number)
  expect(sweep.sweep?.bestIteration).toBe(values.indexOf(Math.max(...values)) + 1)
  expect(sweep.results['accuracy']).toBe(best)
  expect(await pointsOf(records.tracking, sweep.id, 'accuracy')).toHaveLength(1)
  const table = (await records.tracking.artifacts.ofRun(sweep.id)).find(({ key }) => key === 'iteration_results')
  expect(readFileSync(table!.target, 'utf8').trim().split('\n')).toHaveLength(count + 1)
  expect(await foldersLeft(workshop)).toEqual([])
}

describe('a sweep of 96 whose supervisor is killed several times in a row', () => {
  it(
    'is finished by resume: each number once, what was complete is not run again, best and table right',
    async () => {
      for (let round = 0; round < rounds(1); round++) {
        workshop.write('job.py', countedScript)
        const name = `sweep-${round}`
        const victim = workshop.start([
          'run',
          'job.py:job',
          '--quiet',
          '-n',
          name,
          ...grid(12, 8),
          '--selector',
          'max.accuracy',
          '--parallel',
          '4',
          '-p',
          'wait=0.005',
        ])
        await eventually(() => linesOf('begun').length > 5 || undefined)
        await delay(Math.random() * 300)
        victim.kill('SIGKILL')
        await victim.finished
        const before = new Set<number>()
        for (let kill = 0; kill < 6; kill++) {
          await workshop.run('ls')
          const sweep = await show(workshop, name).catch(() => undefined)
          for (const child of sweep === undefined ? [] : await children(sweep.id))
            if (child.state === 'completed') before.add(child.iteration)
          const resumed = workshop.start(['resume', name, '--quiet'])
          await delay(300 + Math.random() * 700)
          resumed.kill('SIGKILL')
          await resumed.finished
        }
        const done = await workshop.run('resume', name)
        if (done.code !== 0) expect(done.stderr).toMatch(/is complete/)
        const sweep = await show(workshop, name)
        await expectWholeSweep(sweep, 96, 1208)
        const begun = linesOf('begun')
        for (const iteration of before)
          expect(
            begun.filter((number) => number === iteration),
            `iteration ${iteration}`,
          ).toHaveLength(1)
        expect((await workshop.run('resume', name)).code).toBe(4)
        expect((await workshop.run('resume', name)).stderr).toContain('is complete')
      }
    },
    within(600_000),
  )

  it(
    'goes on after the warm worker, the supervisor and all iterations were killed at once',
    async () => {
      workshop.write('job.py', countedScript)
      const release = holdAfter(8)
      const victim = workshop.start([
        'run',
        'job.py:job',
        '--quiet',
        '-n',
        'all',
        ...grid(6, 4),
        '--selector',
        'accuracy',
        '--parallel',
        '3',
        '-p',
        'wait=0.02',
      ])
      await eventually(() => linesOf('begun').length > 8 || undefined)
      killAll(workshop)
      await victim.finished
      const lost = await show(workshop, 'all')
      expect(lost).toMatchObject({ state: 'failed', exit: { kind: 'lost' } })
      expect(lost.stateReason).toContain('trainyard resume')
      release()
      expect((await workshop.run('resume', 'all', '--quiet')).code).toBe(0)
      await expectWholeSweep(await show(workshop, 'all'), 24, 604)
    },
    within(600_000),
  )

  it(
    'ends with a reason when only its warm worker is killed, and resume finishes it',
    async () => {
      workshop.write('job.py', countedScript)
      const release = holdAfter(4)
      const victim = workshop.start([
        'run',
        'job.py:job',
        '--quiet',
        '-n',
        'worker',
        ...grid(6, 2),
        '--selector',
        'accuracy',
        '--parallel',
        '2',
        '-p',
        'wait=0.03',
      ])
      await eventually(() => linesOf('begun').length > 3 || undefined)
      const sweep = await show(workshop, 'worker')
      process.kill(sweep.supervisor!.child!.pid, 'SIGKILL')
      expect(await victim.finished).toMatchObject({ code: 1 })
      expect(await show(workshop, 'worker')).toMatchObject({
        state: 'failed',
        stateReason: expect.stringContaining('killed by SIGKILL') as string,
      })
      expect(processesOf(workshop)).toEqual([])
      release()
      expect((await workshop.run('resume', 'worker', '--quiet')).code).toBe(0)
      await expectWholeSweep(await show(workshop, 'worker'), 12, 602)
    },
    within(600_000),
  )

  it(
    'of plain processes is finished as well',
    async () => {
      workshop.write(
        'script.py',
        'import trainyard, time\nfrom job import hold, note\nc = trainyard.get_or_create_ctx("s")\nnote("begun", c.iteration)\nhold(c.iteration)\nfor step in range(10):\n    c.log_metric("accuracy", c.get_param("a", 1) * 100 + c.get_param("b", 1), step=step)\n    time.sleep(0.02)\nc.log_artifact("model", body=b"x")\n',
      )
      workshop.write('job.py', countedScript)
      const release = holdAfter(3)
      const victim = workshop.start([
        'run',
        'script.py',
        '--quiet',
        '-n',
        'plain',
        ...grid(4, 2),
        '--selector',
        'accuracy',
        '--parallel',
        '3',
      ])
      await eventually(() => linesOf('begun').length > 2 || undefined)
      victim.kill('SIGKILL')
      await victim.finished
      release()
      expect((await workshop.run('resume', 'plain', '--quiet')).code).toBe(0)
      await expectWholeSweep(await show(workshop, 'plain'), 8, 402)
      expect(linesOf('begun').sort((one, other) => one - other)).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    },
    within(600_000),
  )

  it(
    'is gone on with by exactly one of two resumes',
    async () => {
      workshop.write('job.py', countedScript)
      const release = holdAfter(4)
      const victim = workshop.start([
        'run',
        'job.py:job',
        '--quiet',
        '-n',
        'twice',
        ...grid(6, 2),
        '--selector',
        'accuracy',
        '--parallel',
        '2',
        '-p',
        'wait=0.02',
      ])
      await eventually(() => linesOf('begun').length > 3 || undefined)
      victim.kill('SIGINT')
      expect(await victim.finished).toMatchObject({ code: 130 })
      expect(await show(workshop, 'twice')).toMatchObject({
        state: 'aborted',
        stateReason: expect.stringContaining('Ctrl-C') as string,
      })
      release()
      const both = await Promise.all([workshop.run('resume', 'twice'), workshop.run('resume', 'twice')])
      expect(new Set(both.map(({ code }) => code))).toEqual(new Set([0, 4]))
      const refused = both.find(({ code }) => code === 4)!
      expect(refused.stderr).toMatch(/^error: .*twice.*(resumed by another|is running)/m)
      await expectWholeSweep(await show(workshop, 'twice'), 12, 602)
    },
    within(600_000),
  )
})

describe('a complete sweep', () => {
  it('runs its failed iterations again with --retry-failed, and chooses the best anew by another selector', async () => {
    workshop.write(
      'flaky.py',
      'import os\ndef job(context, a: int):\n    if a > 2 and not os.path.exists("mended"):\n        raise ValueError("not yet")\n    context.log_result("score", a)\n    context.log_result("loss", a * 10)\n    with open("begun", "a") as file:\n        file.write("%d\\n" % context.iteration)\n',
    )
    const first = await workshop.run(
      'run',
      'flaky.py:job',
      '--quiet',
      '-n',
      'flaky',
      '-x',
      'a=[1,2,3,4]',
      '--selector',
      'max.score',
    )
    expect(first.code).toBe(0)
    expect(await show(workshop, 'flaky')).toMatchObject({
      state: 'completed',
      sweep: { completed: 2, failed: 2, bestIteration: 2 },
    })
    const refused = await workshop.run('resume', 'flaky')
    expect([refused.code, refused.stderr.includes('--retry-failed runs its 2 failed iterations again')]).toEqual([4, true])
    workshop.write('mended', '')
    expect((await workshop.run('resume', 'flaky', '--retry-failed')).code).toBe(0)
    const again = await show(workshop, 'flaky')
    expect(again).toMatchObject({
      state: 'completed',
      results: { score: 4 },
      sweep: { completed: 4, failed: 0, bestIteration: 4 },
    })
    expect((await children(again.id)).map(({ state, attempt }) => [state, attempt])).toEqual([
      ['completed', 1],
      ['completed', 1],
      ['completed', 2],
      ['completed', 2],
    ])
    expect((await workshop.run('resume', 'flaky', '--selector', 'min.loss')).code).toBe(0)
    const other = await show(workshop, 'flaky')
    expect(other).toMatchObject({ results: { score: 1, loss: 10 }, sweep: { completed: 4, bestIteration: 1 } })
    expect(other.task?.sweep?.selector).toBe('min.loss')
    expect(linesOf('begun').sort((one, another) => one - another)).toEqual([1, 2, 3, 4])
  })
})

describe('a single run', () => {
  it('is resumed by exactly one of two, with its output whole and after what it printed before', async () => {
    workshop.write(
      'once.py',
      'import os, sys, time\nn = len(os.listdir("."))\nprint("first try" if not os.path.exists("again") else "second try, longer", flush=True)\nif not os.path.exists("again"):\n    open("again", "w").close()\n    sys.exit(3)\ntime.sleep(1)\n',
    )
    expect((await workshop.run('run', 'once.py', '-n', 'single')).code).toBe(1)
    const both = await Promise.all([workshop.run('resume', 'single'), workshop.run('resume', 'single')])
    expect(new Set(both.map(({ code }) => code))).toEqual(new Set([0, 4]))
    expect(await show(workshop, 'single')).toMatchObject({ state: 'completed', attempt: 2 })
    expect((await workshop.run('logs', 'single')).stdout).toBe('first try\nsecond try, longer\n')
  })

  it('is tried again with --retries, waiting longer each time, and keeps what every attempt printed', async () => {
    workshop.write(
      'flaky.py',
      'import os, sys\nn = len([x for x in os.listdir(".") if x.startswith("try")])\nopen("try%d" % n, "w").close()\nprint("attempt", n, flush=True)\nsys.exit(1 if n < 2 else 0)\n',
    )
    const { code, stderr } = await workshop.run('run', 'flaky.py', '--retries', '3')
    expect(code).toBe(0)
    expect(stderr).toMatch(/attempt 2 in 1\.0 s[\s\S]*attempt 3 in 2\.0 s/)
    expect(await show(workshop, 'latest')).toMatchObject({ state: 'completed', attempt: 3 })
    expect((await workshop.run('logs', 'latest')).stdout).toBe('attempt 0\nattempt 1\nattempt 2\n')
    workshop.write('handlers.py', 'def job(context):\n    pass\n')
    const { code: never } = await workshop.run('run', 'handlers.py:nothing', '--retries', '3')
    expect(never).toBe(2)
  })
})

describe('a sweep that stops early', () => {
  it(
    'by ASHA: every point counts, bad iterations are stopped, the best one is not',
    async () => {
      workshop.write(
        'asha.py',
        'import time\ndef job(context, q: float):\n    for step in range(40):\n        context.log_metric("score", q * (step + 1) + (1000 if step == 0 else 0) * 0, step=step)\n        time.sleep(0.03)\n',
      )
      const values = [8, 1, 7, 2, 3, 4]
      const { code } = await workshop.run(
        'run',
        'asha.py:job',
        '--quiet',
        '-n',
        'asha',
        '-x',
        `q=${JSON.stringify(values)}`,
        '--strategy',
        'grid',
        '--selector',
        'max.score',
        '--pruner',
        'asha(4,2)',
        '--parallel',
        '2',
      )
      expect(code).toBe(0)
      const sweep = await show(workshop, 'asha')
      const iterations = await children(sweep.id)
      expect(iterations[0]).toMatchObject({ state: 'completed' })
      const stopped = iterations.filter(({ exit }) => exit?.kind === 'cancelled')
      expect(stopped.length).toBeGreaterThanOrEqual(3)
      for (const { stateReason, state, exit } of stopped) {
        expect(state).toBe('aborted')
        expect(exit).toMatchObject({ by: 'asha' })
        // Rungs lie at 4, 8, 16, 32 distinct steps: a look at the latest values only would find others.
        expect(stateReason).toMatch(/ASHA at step (3|7|15|31)$/)
      }
      expect(sweep).toMatchObject({ state: 'completed', sweep: { bestIteration: 1 } })
    },
    within(600_000),
  )

  it(
    'by its stop condition, by max errors, by hopelessness',
    async () => {
      workshop.write('job.py', countedScript)
      workshop.write(
        'bad.py',
        'def job(context, a: int):\n    context.log_result("x", a)\n    if a > 0:\n        raise ValueError("no")\n',
      )
      const held = await workshop.run(
        'run',
        'job.py:job',
        '--quiet',
        '-n',
        'held',
        ...grid(10, 4),
        '--selector',
        'accuracy',
        '--stop',
        'accuracy >= 300',
        '--parallel',
        '2',
      )
      expect(held.code).toBe(0)
      const sweep = await show(workshop, 'held')
      expect(sweep.stateReason).toContain('stop condition')
      const states = (await children(sweep.id)).map(({ state }) => state)
      expect(states.filter((state) => state === 'completed').length).toBeLessThan(20)
      expect(new Set(states).has('running')).toBe(false)
      const errors = await workshop.run(
        'run',
        'bad.py:job',
        '--quiet',
        '-n',
        'errors',
        '-x',
        'a=[0,0,1,2,3,4,5,6,7,8]',
        '--max-errors',
        '3',
        '--parallel',
        '1',
      )
      expect(errors.code).toBe(1)
      expect(errors.stderr).toContain('3 iterations failed')
      const hopeless = await workshop.run(
        'run',
        'bad.py:job',
        '--quiet',
        '-n',
        'hopeless',
        '-x',
        `a=${JSON.stringify(Array.from({ length: 50 }, (_, n) => n + 1))}`,
        '--parallel',
        '2',
      )
      expect(hopeless.code).toBe(1)
      expect((await children((await show(workshop, 'hopeless')).id)).filter(({ state }) => state === 'failed').length)
        // What was on its way into the records when the fifth failure was told.
        .toBeLessThan(25)
    },
    within(600_000),
  )
})

describe('an iteration that goes down', () => {
  it(
    'by SIGSEGV, os._exit, SIGKILL, exhausted memory or timeout harms no other',
    async () => {
      workshop.write(
        'crash.py',
        [
          'import ctypes, os, resource, signal, time',
          'def job(context, how: str):',
          '    context.log_metric("accuracy", 1.0, step=0)',
          '    if how == "segv": ctypes.string_at(0)',
          '    if how == "exit": os._exit(9)',
          '    if how == "kill": os.kill(os.getpid(), signal.SIGKILL)',
          '    if how == "memory":',
          '        resource.setrlimit(resource.RLIMIT_AS, (600 << 20, 600 << 20))',
          '        bytearray(2 << 30)',
          '    if how == "hang": time.sleep(1000)',
        ].join('\n'),
      )
      const hows = ['ok', 'segv', 'ok', 'exit', 'kill', 'ok', 'memory', 'hang', 'ok']
      const { code } = await workshop.run(
        'run',
        'crash.py:job',
        '--quiet',
        '-n',
        'crash',
        '-x',
        `how=${JSON.stringify(hows)}`,
        '--strategy',
        'list',
        '--selector',
        'accuracy',
        '--parallel',
        '2',
        '--iteration-timeout',
        '1s',
      )
      expect(code).toBe(0)
      const sweep = await show(workshop, 'crash')
      expect(sweep).toMatchObject({ state: 'completed', sweep: { completed: 4, failed: 5 } })
      const iterations = await children(sweep.id)
      expect(iterations.map(({ state }) => state === 'completed')).toEqual(hows.map((how) => how === 'ok'))
      expect(iterations.map(({ exit }) => exit)).toMatchObject([
        { code: 0 },
        { signal: 'SIGSEGV' },
        { code: 0 },
        { code: 9 },
        { signal: 'SIGKILL' },
        { code: 0 },
        { code: 1 },
        { kind: 'timed_out', afterMs: 1000 },
        { code: 0 },
      ])
      expect(iterations[6]?.error?.type).toBe('MemoryError')
      for (const { results } of iterations) expect(results['accuracy']).toBe(1)
      expect(processesOf(workshop).map(commandOf)).toEqual([])
    },
    within(600_000),
  )
})

describe('a run with --timeout', () => {
  it('fails as timed out, with what it logged', async () => {
    workshop.write('slow.py', 'import time\ndef job(context):\n    context.log_result("x", 1)\n    time.sleep(100)\n')
    expect((await workshop.run('run', 'slow.py:job', '--timeout', '1s')).code).toBe(1)
    expect(await show(workshop, 'latest')).toMatchObject({
      state: 'failed',
      results: { x: 1 },
      exit: { kind: 'timed_out', afterMs: 1000 },
    })
  })
})
