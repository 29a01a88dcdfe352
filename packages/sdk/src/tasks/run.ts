import { setTimeout as delay } from 'node:timers/promises'
import { AppError } from '@trainyard/contract/errors'
import { nearestName } from '@trainyard/contract/nearest'
import { fromWireNumber } from '@trainyard/contract/json'
import { isEnded, type RunState } from '@trainyard/contract/states'
import type { ArtifactRecord, JsonValue, RunRecord } from '@trainyard/contract'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DataItem } from '../context/data-item.ts'
import { callCommand, callForJson, commandError, type CommandPlace } from './command-line.ts'

interface Details {
  run: RunRecord
  artifacts?: ArtifactRecord[]
  iterations?: RunRecord[]
}

const firstPollMs = 100
const longestPollMs = 2000

/** One run and its record, as of the last `refresh()` or `wait()`. */
export class Run {
  #details: Details
  readonly #place: CommandPlace

  constructor(record: RunRecord, place: CommandPlace = {}) {
    this.#details = { run: record }
    this.#place = place
  }

  /** A run that is in the records: by its id or the start of it, its name, or `latest`. */
  static async load(reference: string, place: CommandPlace = {}): Promise<Run> {
    const details = (await callForJson(['show', reference], place)) as Details
    const run = new Run(details.run, place)
    run.#details = details
    return run
  }

  get uid(): string {
    return this.#details.run.id
  }

  get name(): string {
    return this.#details.run.name
  }

  get state(): RunState {
    return this.#details.run.state
  }

  /** The whole record. */
  get record(): RunRecord {
    return this.#details.run
  }

  /** Results by name; those written as `"NaN"` and `"Infinity"` are numbers again. */
  get results(): Record<string, JsonValue> {
    return Object.fromEntries(Object.entries(this.record.results).map(([key, value]) => [key, fromWireNumber(value) ?? value]))
  }

  /** Results by name, and the address of every artifact by its key. Artifacts are known after `refresh()`, `wait()` or `runLocal`. */
  get outputs(): Record<string, JsonValue> {
    return { ...Object.fromEntries(this.artifacts.map(({ key, target }) => [key, target])), ...this.results }
  }

  get artifacts(): readonly ArtifactRecord[] {
    return this.#details.artifacts ?? []
  }

  /** Of a sweep, by number. */
  get iterations(): Run[] {
    return (this.#details.iterations ?? []).map((record) => new Run(record, this.#place))
  }

  /** The newest artifact of that key; fails with `not_found` naming the nearest. */
  artifact(key: string): DataItem {
    const found = this.artifacts.findLast((artifact) => artifact.key === key)
    if (found)
      return new DataItem({ key, url: found.target, downloads: join(tmpdir(), `trainyard-${this.uid}`), called: 'Artifact' })
    const keys = [...new Set(this.artifacts.map((artifact) => artifact.key))]
    const near = nearestName(key, keys)
    const hint = near ? `did you mean '${near}'?` : keys.length > 0 ? `it has ${keys.join(', ')}.` : 'it has none.'
    throw new AppError('not_found', `Run '${this.name}' has no artifact '${key}': ${hint}`)
  }

  /** Reads the record again. */
  async refresh(): Promise<this> {
    this.#details = (await callForJson(['show', this.uid], this.#place)) as Details
    return this
  }

  /** Waits until the run has ended. Rejects with the signal's reason when that is aborted first; the run goes on. */
  async wait(options: { signal?: AbortSignal } = {}): Promise<this> {
    for (let pauseMs = firstPollMs; ; pauseMs = Math.min(longestPollMs, pauseMs * 1.5)) {
      await this.refresh()
      if (isEnded(this.state)) return this
      await delay(pauseMs, undefined, options)
    }
  }

  /** What the run printed, as text. With `follow`, pieces go to `onOutput` (default: standard output) until the run has ended. */
  async logs(options: { follow?: boolean; onOutput?: (bytes: Buffer) => void; signal?: AbortSignal } = {}): Promise<string> {
    const pieces: Buffer[] = []
    const show = options.onOutput ?? (options.follow ? (bytes: Buffer) => void process.stdout.write(bytes) : undefined)
    const result = await callCommand(['logs', this.uid, ...(options.follow ? ['--follow'] : [])], {
      ...this.#place,
      ...(options.signal ? { signal: options.signal } : {}),
      onStdout: (bytes) => {
        pieces.push(bytes)
        show?.(bytes)
      },
    })
    if (result.code !== 0) throw commandError(result)
    return Buffer.concat(pieces).toString('utf8')
  }

  /** Prints the run as `trainyard show` does. */
  async show(): Promise<this> {
    const result = await callCommand(['show', this.uid], this.#place)
    if (result.code !== 0) throw commandError(result)
    process.stdout.write(result.stdout)
    return this
  }

  /** Asks the run to stop; `wait()` waits for its end. */
  async abort(): Promise<this> {
    const result = await callCommand(['abort', this.uid], this.#place)
    if (result.code !== 0) throw commandError(result)
    return this
  }
}
