import { createHash } from 'node:crypto'
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { eventually, Workshop } from '../end-to-end/program.ts'
import { delay, killAll, processesOf, rounds, show, within } from './faults.ts'

const program = fileURLToPath(new URL('../../packages/platform/bin/trainyard.js', import.meta.url))

let workshop: Workshop
beforeEach(() => {
  workshop = new Workshop()
})
afterEach(() => {
  killAll(workshop)
  workshop[Symbol.dispose]()
})

/** Hash and length of what a command prints, with the most memory it ever had resident. */
function hashed(...arguments_: string[]): Promise<{ sha256: string; sizeBytes: number; code: number | null; peakBytes: number }> {
  const child = spawn(process.execPath, [program, ...arguments_], {
    cwd: workshop.folder,
    env: workshop.environment,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const hash = createHash('sha256')
  let sizeBytes = 0
  let peakBytes = 0
  const look = setInterval(() => {
    peakBytes = Math.max(peakBytes, peakOf(child.pid ?? 0))
  }, 20)
  child.stdout.on('data', (bytes: Buffer) => {
    hash.update(bytes)
    sizeBytes += bytes.length
  })
  return new Promise((resolve) => {
    child.once('close', (code) => {
      clearInterval(look)
      resolve({ sha256: hash.digest('hex'), sizeBytes, code, peakBytes })
    })
  })
}

function peakOf(pid: number): number {
  try {
    return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024
  } catch {
    return 0
  }
}

const megabytes = Math.min(1024, 200 * rounds(1))
const lineMegabytes = Math.min(100, 20 * rounds(1))

const script = `
import hashlib, os, sys

def job(context, megabytes: int, newlines: bool = True):
    digest = hashlib.sha256()
    for number in range(megabytes):
        block = hashlib.sha256(b"%d" % number).digest() * 32768
        if newlines:
            block = block[:-1] + b"\\n"
        else:
            block = block.replace(b"\\n", b" ")
        digest.update(block)
        view = memoryview(block)
        while view:
            view = view[os.write(1, view):]
    context.log_result("sha256", digest.hexdigest())
`

describe('output', () => {
  it(
    `of ${megabytes} MB in any encoding is kept byte for byte in flat memory`,
    async () => {
      workshop.write('loud.py', script)
      const shown = await hashed('run', 'loud.py:job', '-p', `megabytes=${megabytes}`)
      expect(shown.code).toBe(0)
      const { results } = await show(workshop, 'latest')
      expect(shown).toMatchObject({ sha256: results['sha256'], sizeBytes: megabytes << 20 })
      const logged = await hashed('logs', 'latest')
      expect(logged).toMatchObject({ sha256: results['sha256'], sizeBytes: megabytes << 20 })
      console.info(
        `peak memory: run ${shown.peakBytes >> 20} MB, logs ${logged.peakBytes >> 20} MB for ${megabytes} MB of output`,
      )
      expect(shown.peakBytes).toBeLessThan(250 << 20)
      expect(logged.peakBytes).toBeLessThan(250 << 20)
    },
    within(600_000),
  )

  it(
    `in one line of ${lineMegabytes} MB is kept byte for byte`,
    async () => {
      workshop.write('loud.py', script)
      const shown = await hashed('run', 'loud.py:job', '-p', `megabytes=${lineMegabytes}`, '-p', 'newlines=false')
      const { results } = await show(workshop, 'latest')
      expect(shown).toMatchObject({ code: 0, sha256: results['sha256'] })
      expect((await hashed('logs', 'latest')).sha256).toBe(results['sha256'])
      expect(shown.peakBytes).toBeLessThan(250 << 20)
    },
    within(600_000),
  )

  it('of a script that never flushes is all there, also what it printed before it was aborted', async () => {
    workshop.write(
      'quiet.py',
      'import sys, time\nsys.stdout.reconfigure(line_buffering=False)\nfor n in range(1000):\n    print(n)\nopen("up", "w").close()\ntime.sleep(1000)\n',
    )
    const started = workshop.start(['run', 'quiet.py'])
    await eventually(() => {
      try {
        return readFileSync(`${workshop.folder}/up`) && true
      } catch {
        return undefined
      }
    })
    started.kill('SIGINT')
    const { stdout } = await started.finished
    const expected = Array.from({ length: 1000 }, (_, n) => `${n}\n`).join('')
    expect(stdout.startsWith(expected)).toBe(true)
    expect((await workshop.run('logs', 'latest')).stdout).toBe(stdout)
  })

  it('is gone on with when its reader goes away', async () => {
    workshop.write('lines.py', 'import time\nfor n in range(300):\n    print("line", n, flush=True)\n    time.sleep(0.005)\n')
    const child = spawn('sh', ['-c', `"${process.execPath}" "${program}" run lines.py | head -n 1`], {
      cwd: workshop.folder,
      env: workshop.environment,
      stdio: 'ignore',
    })
    await new Promise((resolve) => child.once('close', resolve))
    await eventually(async () => ((await show(workshop, 'latest')).state === 'completed' ? true : undefined))
    expect((await workshop.run('logs', 'latest')).stdout.trimEnd().split('\n')).toHaveLength(300)
  })

  it('after the end of the script does not hold the run up, and what is left behind is told', async () => {
    workshop.write(
      'daemon.py',
      'import subprocess\nprint("begin", flush=True)\nsubprocess.Popen(["sh", "-c", "sleep 1; echo late; sleep 600"])\n',
    )
    const run = workshop.start(['run', 'daemon.py'])
    expect(await run.finished).toMatchObject({ code: 0, stdout: 'begin\n' })
    const record = await show(workshop, 'latest')
    expect(record).toMatchObject({ state: 'completed' })
    expect(record.environment?.choices['left behind']).toMatch(/processes \d+/)
    await delay(50)
    expect(processesOf(workshop).length).toBeGreaterThan(0)
  })

  it('may be closed by the script', async () => {
    workshop.write(
      'closing.py',
      'import os, sys\nprint("before", flush=True)\nos.close(1)\nos.close(2)\nimport trainyard\ntrainyard.get_or_create_ctx("x").log_result("after", 1)\n',
    )
    expect((await workshop.run('run', 'closing.py')).stdout).toBe('before\n')
    expect(await show(workshop, 'latest')).toMatchObject({ results: { after: 1 } })
  })
})
