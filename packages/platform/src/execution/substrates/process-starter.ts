import { type ChildProcess, spawn } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import { PassThrough, Writable } from 'node:stream'
import { storageError } from '../../base/errors.ts'
import { isAlive, startTicksOf } from '../process-identity.ts'
import {
  type LocalProcess,
  overseen,
  type ProcessPlan,
  type RawProcess,
  startFailure,
  startLocalProcess,
} from './local-process.ts'
import { outOfMemoryKills } from './out-of-memory.ts'

/** What the small program is told, and tells; see `LocalProcess` for what becomes of it. */
type Told =
  | { ready: true }
  | { id: number; pid: number }
  | { id: number; error: { code?: string; message: string; output?: true } }
  | { id: number; code: number | null; signal: NodeJS.Signals | null }

/**
 * It ends with its channel. What it started leads sessions of its own and goes on; what was not told its job yet hears the end of the
 * control pipe, and never begins.
 */
const program = `
const { spawn } = require('node:child_process')
const { closeSync, openSync } = require('node:fs')
process.title = 'trainyard-starter'
const controls = new Map()
const tell = (message) => process.connected && process.send(message)
const failed = (id, { code, message }, more) => tell({ id, error: { code, message, ...more } })
function start({ id, plan, outputFile }) {
  let output
  try {
    output = openSync(outputFile, 'a')
  } catch (error) {
    return failed(id, error, { output: true })
  }
  let child
  try {
    const stdio = ['ignore', output, output, 'pipe', 'ignore']
    child = spawn(plan.command, plan.arguments, { cwd: plan.workingDirectory, env: plan.environment, detached: true, stdio })
  } catch (error) {
    return failed(id, error)
  } finally {
    closeSync(output)
  }
  const control = child.stdio[3]
  if (control) control.on('error', () => {})
  child.once('error', (error) => failed(id, error))
  if (!child.pid) return
  controls.set(id, control)
  child.once('exit', (code, signal) => {
    controls.delete(id)
    if (control.unref) control.unref()
    tell({ id, code, signal })
  })
  tell({ id, pid: child.pid })
}
process.on('message', (message) => {
  if (message.plan) start(message)
  else controls.get(message.id)?.end(message.text)
})
process.on('disconnect', () => process.exit())
tell({ ready: true })
`

interface Start {
  plan: ProcessPlan
  process: { pid: number; startTicks: number } | undefined
  /** Undefined when the small program is gone before it could tell. */
  pid: PromiseWithResolvers<number | undefined>
  ended: PromiseWithResolvers<Awaited<RawProcess['ended']>>
}

const idleMs = 5 * 60_000
const lookEveryMs = 100
/** The job that took the one before goes first. */
const spareAfterMs = 50

/**
 * Starts processes from a small program, which is there from the first start on and goes when nothing was started for five minutes: the
 * system copies the tables of the memory of whoever starts a process, and a server with 100 MB stands still for 10 to 20 ms and pays 6 ms of
 * processor time for each, the small one 2 ms. While there is none, processes are started as ever.
 */
export class ProcessStarter implements Disposable {
  readonly #starts = new Map<number, Start>()
  #child: ChildProcess | undefined
  #isReady = false
  #last = 0
  #idle: NodeJS.Timeout | undefined
  #spare: { key: string; raw: RawProcess; pid: number; startTicks: number } | undefined
  #isLeft = false

  /** As `startLocalProcess`, for processes that tell no events. */
  async start(plan: ProcessPlan, options: { outputFile: string }): Promise<LocalProcess> {
    this.#rouse()
    const killsBefore = outOfMemoryKills()
    const raw = await this.#startRaw(plan, options.outputFile)
    // The small program is not there (yet, or any more); what it may have started will not begin.
    return raw === undefined ? startLocalProcess(plan, { ...options, inheritStdin: false }) : overseen(raw, killsBefore)
  }

  /**
   * A process of just this plan that was started ahead and waits for its job, where there is one: it works nowhere and writes nowhere until
   * its job says where (`JobSpec.place`). One for the next time is started soon after.
   */
  takeSpare(plan: ProcessPlan): LocalProcess | undefined {
    const waiting: ProcessPlan = { ...plan, workingDirectory: '/' }
    const key = JSON.stringify([waiting.command, waiting.arguments, waiting.environment])
    const spare = this.#spare
    this.#spare = undefined
    setTimeout(() => void this.#keepSpare(waiting, key), spareAfterMs).unref()
    if (spare === undefined) return undefined
    // Killed a moment ago, its end may not be told yet.
    if (spare.key === key && isAlive(spare)) return overseen(spare.raw, outOfMemoryKills())
    spare.raw.control.end()
    return undefined
  }

  async #keepSpare(plan: ProcessPlan, key: string): Promise<void> {
    if (this.#spare !== undefined || this.#isLeft) return
    const raw = await this.#startRaw(plan, '/dev/null').catch(() => undefined)
    if (raw === undefined || raw.pid === 0) return
    if (this.#spare !== undefined || this.#isLeft) return void raw.control.end()
    const spare = { key, raw, pid: raw.pid, startTicks: startTicksOf(raw.pid) }
    this.#spare = spare
    const drop = (): void => {
      if (this.#spare === spare) this.#spare = undefined
    }
    raw.ended.then(drop, drop)
  }

  async #startRaw(plan: ProcessPlan, outputFile: string): Promise<RawProcess | undefined> {
    const child = this.#child
    if (!this.#isReady || child === undefined) return undefined
    const id = ++this.#last
    const start: Start = { plan, process: undefined, pid: Promise.withResolvers(), ended: Promise.withResolvers() }
    // Whoever oversees it hears of it.
    start.ended.promise.catch(() => undefined)
    this.#starts.set(id, start)
    send(child, { id, plan, outputFile })
    const pid = await start.pid.promise
    return pid === undefined
      ? undefined
      : { pid, control: controlOf(child, id), events: new PassThrough().end(), ended: start.ended.promise }
  }

  /** Once nothing of it runs. What does goes on, and how it ends is not seen. */
  [Symbol.dispose](): void {
    this.#isLeft = true
    this.#rest()
  }

  #rest(): void {
    clearTimeout(this.#idle)
    this.#spare?.raw.control.end()
    this.#spare = undefined
    if (this.#child?.connected === true) this.#child.disconnect()
  }

  #rouse(): void {
    clearTimeout(this.#idle)
    const others = (): number => this.#starts.size - (this.#spare === undefined ? 0 : 1)
    this.#idle = setTimeout(() => (others() === 0 ? this.#rest() : this.#rouse()), idleMs).unref()
    if (this.#child !== undefined) return
    const child = spawn(process.execPath, ['--eval', program], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'], detached: true })
    this.#child = child
    child.unref()
    child.channel?.unref()
    child.on('message', (message) => this.#hear(message as Told))
    const lose = (): void => {
      if (this.#child === child) this.#lose()
    }
    child.once('error', lose)
    child.once('exit', lose)
    child.once('disconnect', lose)
  }

  #hear(message: Told): void {
    if ('ready' in message) {
      this.#isReady = true
      return
    }
    const start = this.#starts.get(message.id)
    if (start === undefined) return
    if ('pid' in message) {
      start.process = { pid: message.pid, startTicks: startTicksOf(message.pid) }
      start.pid.resolve(message.pid)
      return
    }
    this.#starts.delete(message.id)
    if ('code' in message) return start.ended.resolve(message)
    const error = Object.assign(new Error(message.error.message), { code: message.error.code })
    if (message.error.output === true) return start.pid.reject(storageError(`Cannot write the output of a job`, error))
    start.ended.reject(startFailure(start.plan, error))
    start.pid.resolve(0)
  }

  #lose(): void {
    this.#child = undefined
    this.#isReady = false
    // Nobody is left who could tell it a job.
    this.#spare = undefined
    for (const { process: started, pid, ended } of this.#starts.values()) {
      pid.resolve(undefined)
      if (started !== undefined) void untilGone(started).then(() => ended.resolve('unseen'))
    }
    this.#starts.clear()
  }
}

async function untilGone(started: { pid: number; startTicks: number }): Promise<void> {
  while (isAlive(started)) await delay(lookEveryMs)
}

/** Who is gone hears nothing; its end is told by its channel. */
const send = (child: ChildProcess, message: object): void => {
  child.send(message, () => undefined)
}

/** All of it is told at once, when it ends. */
function controlOf(child: ChildProcess, id: number): Writable {
  const told: Buffer[] = []
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      told.push(chunk)
      done()
    },
    final(done) {
      send(child, { id, text: Buffer.concat(told).toString() })
      done()
    },
  })
}
