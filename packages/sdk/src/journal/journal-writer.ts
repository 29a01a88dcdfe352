import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { JournalEntry } from '@trainyard/contract'
import { toWireNumber } from '@trainyard/contract/json'

/** Everything of an entry after its sequence number and time. */
type Tail<Entry> = Entry extends readonly [number, number, ...infer Rest] ? Rest : never
export type JournalEntryTail = Tail<JournalEntry>

/** Bytes kept in memory while the disk refuses them; beyond this, entries are dropped and counted. */
const pendingLimitBytes = 8 * 1024 * 1024
const retryAfterMs = 100

/**
 * The append-only file of one writing thread. A call returns after the kernel has the bytes, so that they survive `kill -9`
 * of this process. No method throws: when the disk refuses, entries wait in memory and go out, in order, with the next call.
 */
export class JournalWriter {
  readonly path: string
  readonly #onTrouble: (sentence: string) => void
  #descriptor: number | undefined
  #sequence = 0
  #pending: Buffer[] = []
  #pendingBytes = 0
  #nextTryAtMs = 0
  #dropped = 0
  #troubled = false
  readonly #keys = new Map<string, string>()

  /** `name` distinguishes the writers of one run: every process and thread has a file of its own. */
  constructor(runDirectory: string, name: string, onTrouble: (sentence: string) => void) {
    this.path = join(runDirectory, `journal-${name}.jsonl`)
    this.#onTrouble = onTrouble
    this.#open()
  }

  get droppedCount(): number {
    return this.#dropped
  }

  append(entry: JournalEntryTail, timeMs = Date.now()): void {
    this.#write(`,${timeMs},${JSON.stringify(entry).slice(1)}\n`)
  }

  /** The hot path: the same line as `append` writes, put together without an object (1.9 µs instead of 2.6). */
  appendMetric(key: string, step: number, value: number, timeMs: number): void {
    let quoted = this.#keys.get(key)
    if (quoted === undefined) {
      quoted = JSON.stringify(key.toWellFormed())
      if (this.#keys.size < 4096) this.#keys.set(key, quoted)
    }
    const wire = toWireNumber(value)
    this.#write(`,${timeMs},"metric",${quoted},${step},${typeof wire === 'number' ? wire : `"${wire}"`}]\n`)
  }

  close(): void {
    if (this.#descriptor === undefined) return
    this.#retry()
    try {
      closeSync(this.#descriptor)
    } catch (error) {
      this.#trouble(error)
    }
    this.#descriptor = undefined
  }

  #open(): void {
    try {
      mkdirSync(join(this.path, '..'), { recursive: true })
      this.#descriptor = openSync(this.path, 'a', 0o644)
    } catch (error) {
      this.#trouble(error)
    }
  }

  #write(rest: string): void {
    if (this.#pending.length > 0) {
      if (Date.now() >= this.#nextTryAtMs) this.#retry()
      if (this.#pendingBytes > pendingLimitBytes) {
        this.#dropped++
        return
      }
    }
    const line = Buffer.from(`[${++this.#sequence}${rest}`)
    if (this.#pending.length > 0) this.#keep(line)
    else this.#flush(line)
  }

  #keep(bytes: Buffer): void {
    this.#pending.push(bytes)
    this.#pendingBytes += bytes.length
  }

  #retry(): void {
    if (this.#pending.length === 0) return
    const waiting = Buffer.concat(this.#pending)
    this.#pending = []
    this.#pendingBytes = 0
    this.#flush(waiting)
  }

  /** A write may be cut short (disk full): the rest is kept, so that the next line never lands inside an unfinished one. */
  #flush(bytes: Buffer): void {
    let rest = bytes
    try {
      if (this.#descriptor === undefined) throw new Error('it could not be opened')
      while (rest.length > 0) rest = rest.subarray(writeSync(this.#descriptor, rest))
    } catch (error) {
      this.#keep(rest)
      this.#nextTryAtMs = Date.now() + retryAfterMs
      this.#trouble(error)
    }
  }

  #trouble(error: unknown): void {
    if (this.#troubled) return
    this.#troubled = true
    const reason = error instanceof Error ? error.message : String(error)
    this.#onTrouble(`The journal ${this.path} cannot be written (${reason}); entries wait in memory, the script goes on.`)
  }
}
