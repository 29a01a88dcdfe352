import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { isAlive } from '../process-identity.ts'
import type { ProcessPlan } from './local-process.ts'
import { ProcessStarter } from './process-starter.ts'

let folder: string
let starter: ProcessStarter
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'trainyard-starter-'))
  starter = new ProcessStarter()
})
afterEach(() => {
  starter[Symbol.dispose]()
  rmSync(folder, { recursive: true, force: true })
})

const outputFile = (): string => join(folder, 'output')
const shell = (script: string, environment: Record<string, string> = {}): ProcessPlan => ({
  command: '/bin/sh',
  arguments: ['-c', script],
  environment: { PATH: process.env['PATH'] ?? '', ...environment },
  workingDirectory: folder,
})
const parentOf = (pid: number): string => /^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? ''

/** Until the small program is there, processes are started directly. */
async function roused(): Promise<string> {
  return await vi.waitFor(
    async () => {
      const child = await starter.start(shell('read job <&3'), { outputFile: outputFile() })
      const parent = parentOf(child.pid)
      child.control.end('go\n')
      await child.exit
      expect(parent).not.toBe(String(process.pid))
      return parent
    },
    { timeout: 60_000, interval: 20 },
  )
}

test('a process gets its job, its folder and its variables, and its end is told, whoever starts it', async () => {
  const run = async (): Promise<unknown> => {
    const plan = shell('read job <&3; echo "$job $WORD $(pwd)"; exit 7', { WORD: 'here' })
    const child = await starter.start(plan, { outputFile: outputFile() })
    child.control.end('go\n')
    return await child.exit
  }
  expect(await run()).toEqual({ kind: 'exited', code: 7 })
  await roused()
  expect(await run()).toEqual({ kind: 'exited', code: 7 })
  expect(readFileSync(outputFile(), 'utf8')).toBe(`go here ${folder}\n`.repeat(2))
})

test('what cannot be started is told as its end, and an output that cannot be written as a failure', async () => {
  await roused()
  const missing = await starter.start({ ...shell(''), command: '/no/such/program' }, { outputFile: outputFile() })
  await expect(missing.exit).rejects.toThrow('Cannot start /no/such/program: no such file')
  await expect(starter.start(shell('true'), { outputFile: join(folder, 'none', 'output') })).rejects.toMatchObject({
    code: 'storage',
  })
})

test('a stop reaches the whole group', async () => {
  await roused()
  const child = await starter.start(shell('sleep 600 & read job <&3; wait'), { outputFile: outputFile() })
  child.control.end('go\n')
  child.stop({ graceMs: 60_000, because: { kind: 'cancelled' } })
  expect(await child.exit).toEqual({ kind: 'cancelled', forced: false })
})

test('when the small program is killed, what it started goes on, and later processes are started without it', async () => {
  const parent = await roused()
  const child = await starter.start(shell('read job <&3; while [ ! -e go ]; do sleep 0.05; done'), { outputFile: outputFile() })
  child.control.end('go\n')
  await vi.waitFor(() => expect(readFileSync(`/proc/${child.pid}/stat`, 'utf8')).not.toBe(''))
  process.kill(Number(parent), 'SIGKILL')
  await vi.waitFor(() => expect(parentOf(child.pid)).not.toBe(parent), { timeout: 60_000 })
  const other = await starter.start(shell('touch go; exit 3'), { outputFile: outputFile() })
  expect(await other.exit).toEqual({ kind: 'exited', code: 3 })
  expect(await child.exit).toMatchObject({ kind: 'lost' })
})

test('a spare is of the same plan, waits, and is used once', async () => {
  await roused()
  const plan = shell('read job <&3; exit "$job"')
  expect(starter.takeSpare(plan)).toBeUndefined()
  const spare = await vi.waitFor(
    () => {
      const taken = starter.takeSpare(plan)
      expect(taken).toBeDefined()
      return taken!
    },
    { timeout: 60_000, interval: 1_000 },
  )
  expect(starter.takeSpare(shell('other'))).toBeUndefined()
  spare.control.end('5\n')
  expect(await spare.exit).toEqual({ kind: 'exited', code: 5 })
})

test('a spare that has died, or whose small program has, is not handed out', async () => {
  const parent = await roused()
  const file = join(folder, 'spare')
  const waiting = shell(`echo $$ > ${file}; read job <&3`)
  const spareIn = async (): Promise<number> => {
    const pid = await vi.waitFor(() => Number(/^\d+\n$/.exec(readFileSync(file, 'utf8'))![0]), { timeout: 60_000 })
    rmSync(file)
    return pid
  }
  const gone = (pid: number): Promise<void> =>
    vi.waitFor(() => expect(isAlive({ pid, startTicks: 0 })).toBe(false), { timeout: 60_000, interval: 1 })
  expect(starter.takeSpare(waiting)).toBeUndefined()
  const first = await spareIn()
  process.kill(first, 'SIGKILL')
  await gone(first)
  expect(starter.takeSpare(waiting)).toBeUndefined()
  const second = await spareIn()
  process.kill(Number(parent), 'SIGKILL')
  await gone(second)
  expect(starter.takeSpare(waiting)).toBeUndefined()
})
