import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { newRunId, type RunRecord } from '@trainyard/contract'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { eventually, Workshop } from '../end-to-end/program.ts'
import {
  acknowledged,
  acknowledgingScript,
  delay,
  commandOf,
  isRunning,
  foldersLeft,
  killAll,
  processesOf,
  rounds,
  show,
  within,
} from './faults.ts'
import { openRecordsOf, outputOf, pointsOf } from './records.ts'

let workshop: Workshop
beforeEach(() => {
  workshop = new Workshop()
})
afterEach(() => {
  killAll(workshop)
  workshop[Symbol.dispose]()
})

interface Victim {
  supervisor: number
  script: number
  folder: string
  finished: Promise<unknown>
}

let made = 0

/** Starts a run that logs and acknowledges, and waits until it does. */
async function startVictim(...options: string[]): Promise<Victim> {
  workshop.write('job.py', acknowledgingScript)
  const folder = join(workshop.folder, `acknowledged-${++made}`)
  mkdirSync(folder)
  const started = workshop.start(['run', 'job.py:job', '--quiet', '--name', `victim-${made}`, ...options], {
    environment: { ACKNOWLEDGED: folder },
  })
  const script = await eventually(() => acknowledged(folder, 'pid')[0])
  return { supervisor: started.pid, script, folder, finished: started.finished }
}

const kill = (pid: number): void => {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It was quicker.
  }
}

const last = (numbers: number[]): number => numbers.at(-1) ?? -1

/** Nothing acknowledged lost, nothing doubled. */
async function expectWhole(run: RunRecord, folder: string): Promise<void> {
  await using records = await openRecordsOf(workshop)
  const { tracking } = records
  const points = await pointsOf(tracking, run.id, 'm')
  expect(points.map(({ step }) => step)).toEqual(points.map((_point, index) => index))
  expect(points.every(({ step, value }) => value === step * 0.5)).toBe(true)
  expect(points.length).toBeGreaterThan(last(acknowledged(folder, 'metric')))
  const output = (await outputOf(tracking, run.id)).toString()
  const lines = output.split('\n').filter((line) => line.startsWith('line '))
  expect(lines).toEqual(lines.map((_line, index) => `line ${String(index).padStart(6, '0')}`))
  expect(lines.length).toBeGreaterThan(last(acknowledged(folder, 'output')))
  const artifacts = await tracking.artifacts.ofRun(run.id)
  const keys = artifacts.map(({ key }) => key)
  expect(new Set(keys).size).toBe(keys.length)
  for (const index of acknowledged(folder, 'artifact')) {
    const artifact = artifacts.find(({ key }) => key === `a${index}`)
    expect(artifact, `a${index}`).toMatchObject({ sizeBytes: `body of ${index}`.length })
    expect(readFileSync(artifact!.target, 'utf8')).toBe(`body of ${index}`)
  }
  for (const index of acknowledged(folder, 'result')) expect(run.results[`r${index}`]).toEqual({ step: index })
  for (const index of acknowledged(folder, 'param')) expect(run.parameters[`p${index}`]).toBe(index)
  expect(run.problems).toEqual([])
  expect(existsSync(join(workshop.folder, '.trainyard', 'runs', run.id))).toBe(false)
}

describe('kill -9', () => {
  it(
    'of the supervisor: the script goes on, and the next command takes everything in',
    async () => {
      for (let round = 0; round < rounds(3); round++) {
        const victims = await Promise.all([startVictim('-p', 'steps=150'), startVictim('-p', 'steps=150')])
        await delay(Math.random() * 400)
        for (const { supervisor } of victims) kill(supervisor)
        await eventually(() => victims.every(({ script }) => !isRunning(script)) || undefined)
        for (const { folder } of victims) {
          const run = await show(workshop, `victim-${folder.split('-').at(-1)}`)
          expect(run).toMatchObject({ state: 'completed', exit: { kind: 'exited', code: 0 }, supervisor: null })
          expect(last(acknowledged(folder, 'metric'))).toBe(149)
          await expectWhole(run, folder)
        }
      }
    },
    within(600_000),
  )

  it(
    'of the supervisor, while later commands look on: each sees the points so far',
    async () => {
      const victim = await startVictim('-p', 'steps=100000', '-p', 'until=enough')
      kill(victim.supervisor)
      const first = await show(workshop, 'latest')
      expect(first.state).toBe('running')
      const seen = first.results['m'] as number
      await eventually(async () => {
        const looks = await Promise.all([show(workshop, 'latest'), show(workshop, 'latest')])
        return looks.some(({ results }) => (results['m'] as number) > seen) || undefined
      })
      workshop.write('enough', '')
      await eventually(() => !isRunning(victim.script) || undefined)
      const run = await show(workshop, 'latest')
      expect(run.state).toBe('completed')
      await expectWhole(run, victim.folder)
    },
    within(600_000),
  )

  it(
    'of the script: the run fails as killed, with all that was logged',
    async () => {
      for (let round = 0; round < rounds(3); round++) {
        const victims = await Promise.all([startVictim('-p', 'steps=100000'), startVictim('-p', 'steps=100000', '-p', 'every=0')])
        await delay(Math.random() * 300)
        for (const { script } of victims) kill(script)
        for (const { folder, finished } of victims) {
          expect(await finished).toMatchObject({ code: 1 })
          const run = await show(workshop, `victim-${folder.split('-').at(-1)}`)
          expect(run).toMatchObject({ state: 'failed', exit: { kind: 'signalled', signal: 'SIGKILL' } })
          expect(run.stateReason).toContain('SIGKILL')
          await expectWhole(run, folder)
        }
      }
    },
    within(600_000),
  )

  it(
    'of both: the next command marks the run lost, with host and last sign of life, whoever comes first',
    async () => {
      for (let round = 0; round < rounds(3); round++) {
        const victims = await Promise.all([startVictim('-p', 'steps=100000'), startVictim('-p', 'steps=100000')])
        await delay(Math.random() * 300)
        for (const { supervisor, script } of round % 2 === 0 ? victims : victims.toReversed()) {
          kill(supervisor)
          kill(script)
        }
        const beforeMs = Date.now()
        const looks = await Promise.all(Array.from({ length: 4 }, () => workshop.run('ls', '--json')))
        for (const { code, stderr } of looks) expect([code, stderr.includes('error')]).toEqual([0, false])
        for (const { folder } of victims) {
          const run = await show(workshop, `victim-${folder.split('-').at(-1)}`)
          expect(run).toMatchObject({ state: 'failed', supervisor: null, exit: { kind: 'lost', host: run.host } })
          expect(run.stateReason).toContain(run.host)
          const { lastSeenAtMs } = run.exit as { lastSeenAtMs: number }
          expect(Math.abs(beforeMs - lastSeenAtMs)).toBeLessThan(10_000)
          await expectWhole(run, folder)
        }
      }
    },
    within(600_000),
  )

  it(
    'of the script’s whole group, with what it had started',
    async () => {
      workshop.write(
        'group.py',
        'import subprocess, time\nprint("up", flush=True)\nsubprocess.Popen(["sleep", "1000"])\ntime.sleep(1000)\n',
      )
      const started = workshop.start(['run', 'group.py', '--quiet'])
      const leader = await eventually(() => processesOf(workshop).find((pid) => commandOf(pid).includes('trainyard.harness')))
      await eventually(() => processesOf(workshop).some((pid) => commandOf(pid).startsWith('sleep')) || undefined)
      process.kill(-leader, 'SIGKILL')
      expect(await started.finished).toMatchObject({ code: 1 })
      expect(processesOf(workshop)).toEqual([])
      expect((await workshop.run('logs', 'latest')).stdout).toBe('up\n')
    },
    within(600_000),
  )
})

describe('kill -9 of a script that makes its own iterations', () => {
  it('leaves the finished ones completed, the open one aborted, the run failed, and the best one counts', async () => {
    workshop.write(
      'custom.py',
      'import time\ndef tune(context):\n    for n in (1, 2, 3):\n        child = context.get_child_context(n=n)\n        child.__enter__()\n        child.log_result("accuracy", n)\n        if n == 2: child.mark_as_best()\n        if n < 3: child.__exit__(None, None, None)\n    open("up", "w").close()\n    time.sleep(1000)\n',
    )
    const started = workshop.start(['run', 'custom.py:tune', '--quiet'])
    await eventually(() => existsSync(join(workshop.folder, 'up')) || undefined)
    kill(processesOf(workshop).find((pid) => commandOf(pid).includes('trainyard.harness')) ?? -1)
    expect(await started.finished).toMatchObject({ code: 1 })
    const run = await show(workshop, 'latest')
    expect(run).toMatchObject({ state: 'failed', results: { accuracy: 2 }, supervisor: null })
    await using records = await openRecordsOf(workshop)
    const iterations = await records.tracking.runs.children(run.id)
    expect(iterations.map(({ state, results }) => [state, results['accuracy']])).toEqual([
      ['completed', 1],
      ['completed', 2],
      ['aborted', 3],
    ])
    expect(iterations[2]?.stateReason).toContain('SIGKILL')
    expect(readdirSync(join(workshop.folder, '.trainyard', 'runs'))).toEqual([])
  })
})

describe('a process that takes a journal in', () => {
  it(
    'may be killed 200 times at any moment, three at a time: every point, byte and artifact is stored once',
    async () => {
      workshop.write('plain.py', 'pass\n')
      await workshop.run('run', 'plain.py')
      const beforeMs = performance.now()
      await workshop.run('ls', '--quiet')
      // A command with nothing to take in; what follows is killed at any moment from its start to well into its work, however slow the machine.
      const commandMs = performance.now() - beforeMs
      const id = newRunId(Date.now())
      const directory = join(workshop.folder, '.trainyard', 'runs', id)
      mkdirSync(join(directory, 'files'), { recursive: true })
      // This very process is the one that logs: it has the journal open.
      const journal = openSync(join(directory, `journal-${process.pid}-0.jsonl`), 'a')
      const output = openSync(join(directory, 'output'), 'a')
      let sequence = 0
      const write = (...fields: unknown[]): string => `${JSON.stringify([++sequence, Date.now(), ...fields])}\n`
      writeSync(journal, write('start', { pid: process.pid, run: { id, name: 'bare', project: 'default' } }))
      let step = 0
      const wanted = rounds(200)
      let kills = 0
      let count = 0
      const expectedOutput: Buffer[] = []
      for (; kills < wanted && count < wanted; count++) {
        const round = count
        let text = ''
        for (let point = 0; point < 5000; point++) text += write('metric', 'm', step, step++ * 0.5)
        writeFileSync(join(directory, 'files', `a${round}`), `body ${round}`)
        text += write('artifact', { key: `a${round}`, kind: 'file', file: `files/a${round}`, path: `a${round}.txt` })
        writeSync(journal, text)
        const printed = Buffer.alloc(100_000, `${round} `)
        expectedOutput.push(printed)
        writeSync(output, printed)
        const victims = [1, 2, 3].map(() => workshop.start(['ls', '--quiet']))
        await delay(commandMs * (0.3 + Math.random() * 2.2))
        for (const victim of victims) victim.kill('SIGKILL')
        // One that had finished by itself does not count.
        for (const { signal } of await Promise.all(victims.map(({ finished }) => finished))) kills += signal === 'SIGKILL' ? 1 : 0
      }
      const alive = await show(workshop, id)
      expect(alive).toMatchObject({ state: 'running', name: 'bare' })
      writeSync(journal, write('end', { outcome: 'completed' }))
      closeSync(journal)
      closeSync(output)
      const run = await show(workshop, id)
      expect(run).toMatchObject({ state: 'completed', problems: [] })
      expect(kills).toBeGreaterThanOrEqual(wanted)
      console.info(`killed ${kills} processes while they took in ${step} points`)
      await using records = await openRecordsOf(workshop)
      const points = await pointsOf(records.tracking, id, 'm')
      expect(points.length).toBe(step)
      expect(points.every((point, index) => point.step === index && point.value === index * 0.5)).toBe(true)
      expect((await outputOf(records.tracking, id)).equals(Buffer.concat(expectedOutput))).toBe(true)
      const artifacts = await records.tracking.artifacts.ofRun(id)
      expect(artifacts.map(({ key }) => key).sort()).toEqual(Array.from({ length: count }, (_, round) => `a${round}`).sort())
      for (const { key, target } of artifacts) expect(readFileSync(target, 'utf8')).toBe(`body ${key.slice(1)}`)
      const all = await records.tracking.artifacts.search({ runId: id, allVersions: true, limit: 10_000 })
      expect(all.length).toBe(count)
      expect(await foldersLeft(workshop)).toEqual([])
      expect(statSync(join(workshop.folder, '.trainyard', 'trainyard.db')).size).toBeLessThan(64 << 20)
    },
    within(600_000),
  )
})
