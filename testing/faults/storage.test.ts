import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { eventually, Workshop } from '../end-to-end/program.ts'
import { delay, killAll, processesOf, show } from './faults.ts'
import { openRecordsOf, pointsOf } from './records.ts'

let workshop: Workshop
const mounts: string[] = []
beforeEach(() => {
  workshop = new Workshop()
})
afterEach(() => {
  killAll(workshop)
  for (const mount of mounts.splice(0)) execFileSync('umount', ['-l', mount])
  workshop[Symbol.dispose]()
})

/** A file system of its own, where this is allowed; elsewhere the promise cannot be tried, which is said aloud. */
function mountSmall(name: string, megabytes: number): string | undefined {
  const path = join(workshop.folder, name)
  mkdirSync(path)
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'none', path], { stdio: 'pipe' })
  } catch (error) {
    console.warn(
      `NOT TRIED: a full disk needs the right to mount a file system (${error instanceof Error ? error.message.trim() : ''})`,
    )
    return undefined
  }
  mounts.push(path)
  return path
}

const isThere = (name: string): true | undefined => existsSync(join(workshop.folder, name)) || undefined

describe('a full disk', () => {
  it('never fails the training; what waited is recorded when there is room again', async () => {
    const disk = mountSmall('disk', 12)
    if (disk === undefined) return
    workshop.write(
      'long.py',
      [
        'import os, time',
        'def job(context):',
        '    for step in range(200):',
        '        context.log_metric("m", step, step=step)',
        '    open("before", "w").close()',
        '    while not os.path.exists("full"): time.sleep(0.01)',
        '    for step in range(200, 400):',
        '        context.log_metric("m", step, step=step)',
        '    open("during", "w").close()',
        '    while not os.path.exists("room"): time.sleep(0.01)',
        '    for step in range(400, 600):',
        '        context.log_metric("m", step, step=step)',
        '    print("done")',
      ].join('\n'),
    )
    const started = workshop.start(['run', 'long.py:job', '--data', join(disk, 'data')])
    await eventually(() => isThere('before'))
    await delay(300)
    try {
      writeFileSync(join(disk, 'ballast'), Buffer.alloc(64 << 20))
    } catch {
      // As much as there was room for.
    }
    workshop.write('full', '')
    await eventually(() => isThere('during'))
    await delay(1200)
    rmSync(join(disk, 'ballast'))
    workshop.write('room', '')
    const { code, stderr } = await started.finished
    expect([0, 5, 6], stderr).toContain(code)
    const run = await workshop.json<{ run: { state: string; id: string } }>('show', 'latest', '--data', join(disk, 'data'))
    expect(run.run.state).toBe('completed')
    const { stdout } = await workshop.run('show', 'latest', '--json', '--data', join(disk, 'data'))
    expect(stdout).toContain('"m": 599')
    expect((await workshop.run('logs', 'latest', '--data', join(disk, 'data'))).stdout).toContain('done\n')
  })

  it('from the beginning is one sentence and exit 5', async () => {
    const disk = mountSmall('disk', 1)
    if (disk === undefined) return
    try {
      writeFileSync(join(disk, 'ballast'), Buffer.alloc(4 << 20))
    } catch {
      // Full.
    }
    workshop.write('ok.py', 'print(1)\n')
    const { code, stderr } = await workshop.run('run', 'ok.py', '--data', join(disk, 'data'))
    expect(code).toBe(5)
    expect(stderr).toMatch(/^error: .*(full|space)/im)
    expect(stderr).not.toMatch(/^\s+at /m)
  })
})

describe('a full disk with a data directory on it', () => {
  it('says which disk is full, for a run and for a look', async () => {
    const disk = mountSmall('disk', 4)
    if (disk === undefined) return
    const data = join(disk, 'data')
    workshop.write('ok.py', 'print(1)\n')
    expect((await workshop.run('run', 'ok.py', '--data', data)).code).toBe(0)
    try {
      writeFileSync(join(disk, 'ballast'), Buffer.alloc(8 << 20))
    } catch {
      // As much as there was room for.
    }
    for (const words of [['run', 'ok.py'], ['ls']]) {
      const { code, stderr } = await workshop.run(...words, '--data', data)
      expect(code).toBe(5)
      expect(stderr).toMatch(/^error: .*the disk .*full/im)
      expect(stderr).not.toContain('I/O')
    }
  })
})

describe('a data directory', () => {
  it('on a read-only file system is refused with one sentence', async () => {
    const disk = mountSmall('disk', 32)
    if (disk === undefined) return
    const data = join(disk, 'data')
    workshop.write('ok.py', 'print("hello")\n')
    expect((await workshop.run('run', 'ok.py', '--data', data)).code).toBe(0)
    execFileSync('mount', ['-o', 'remount,ro', disk])
    const { code, stderr } = await workshop.run('run', 'ok.py', '--data', data)
    expect(code).toBe(5)
    expect(stderr).toMatch(/^error: .*read-only/m)
    expect(stderr).not.toMatch(/^\s+at /m)
    const look = await workshop.run('ls', '--data', data)
    expect([look.code, look.stderr]).toEqual([
      5,
      `error: The disk that holds ${data} is mounted read-only: choose another data directory with --data.\n`,
    ])
  })

  it('removed under a running run: one sentence, no process left', async () => {
    workshop.write(
      'long.py',
      'import time, trainyard\nc = trainyard.get_or_create_ctx("x")\nc.log_metric("m", 1)\nopen("up", "w").close()\nfor step in range(100):\n    c.log_metric("m", step, step=step)\n    time.sleep(0.02)\n',
    )
    const started = workshop.start(['run', 'long.py'])
    await eventually(() => isThere('up'))
    rmSync(join(workshop.folder, '.trainyard'), { recursive: true, force: true })
    const { code, stderr } = await started.finished
    expect(code, stderr).toBe(5)
    expect(stderr).toContain('was removed')
    expect(stderr).not.toMatch(/^\s+at /m)
    expect(processesOf(workshop)).toEqual([])
  })
})

describe('a journal', () => {
  it('with lines that are no entries: they are told and passed over, all others are taken', async () => {
    workshop.write(
      'garbage.py',
      [
        'import glob, os, trainyard',
        'c = trainyard.get_or_create_ctx("x")',
        'c.log_metric("m", 1, step=0)',
        'folder = os.path.dirname(glob.glob(".trainyard/runs/*/output")[0])',
        'with open(os.path.join(folder, "journal-other.jsonl"), "wb") as file:',
        '    file.write(b"\\xff\\xfe garbage\\n{}\\n[1]\\n[1,1700000000000,\\"metric\\",\\"n\\",0,5]\\n[2,1700000000000,\\"strange\\",1]\\n[3,1700000000000,\\"metric\\",\\"n\\",1,6]\\n[4,17")',
      ].join('\n'),
    )
    const { code } = await workshop.run('run', 'garbage.py')
    expect(code).toBe(6)
    const run = await show(workshop, 'latest')
    expect(run).toMatchObject({ state: 'completed', results: { m: 1, n: 6 } })
    expect(run.problems.length).toBeGreaterThanOrEqual(3)
    await using records = await openRecordsOf(workshop)
    expect(await pointsOf(records.tracking, run.id, 'n')).toHaveLength(2)
    expect(readdirSync(join(workshop.folder, '.trainyard', 'runs'))).toEqual([])
  })
})

describe('a clock that is set back while a run is under way', () => {
  it('leaves the run in order: it ends no earlier than it began, and is not taken for lost', async () => {
    // The script's own clock is what its journal tells; the machine's clock is left alone.
    workshop.write(
      'back.py',
      [
        'import time',
        'real = time.time_ns',
        'time.time_ns = lambda: real() - 3_600_000_000_000',
        'import trainyard.journal as journal',
        'journal._now = time.time_ns',
        'def job(context):',
        '    for step in range(10):',
        '        context.log_metric("m", step, step=step)',
      ].join('\n'),
    )
    expect((await workshop.run('run', 'back.py:job')).code).toBe(0)
    const run = await show(workshop, 'latest')
    expect(run).toMatchObject({ state: 'completed', results: { m: 9 } })
    expect(run.endedAtMs).toBeGreaterThanOrEqual(run.startedAtMs ?? Number.POSITIVE_INFINITY)
  })
})
