import type { ArtifactRecord, JsonValue, RunRecord, RunStateChange } from '@trainyard/contract'
import type { Connection } from './connection.ts'
import { RemoteArtifact } from './remote-artifact.ts'
import { RemoteLogs } from './remote-logs.ts'
import { RemoteMetrics } from './remote-metrics.ts'

/** A run on a server: its record as it was when it was read, and what can be asked of it. */
export class RemoteRun {
  readonly metrics: RemoteMetrics
  readonly logs: RemoteLogs
  readonly #connection: Connection
  #record: RunRecord

  constructor(connection: Connection, record: RunRecord) {
    this.#connection = connection
    this.#record = record
    this.metrics = new RemoteMetrics(connection, record.id)
    this.logs = new RemoteLogs(connection, record.id)
  }

  get record(): RunRecord {
    return this.#record
  }
  get id(): string {
    return this.#record.id
  }
  get name(): string {
    return this.#record.name
  }
  get state(): RunRecord['state'] {
    return this.#record.state
  }
  get parameters(): Record<string, JsonValue> {
    return this.#record.parameters
  }
  /** The latest value of every metric and every other result. NaN and infinities are the texts that stand for them. */
  get results(): Record<string, JsonValue> {
    return this.#record.results
  }

  async refresh(): Promise<this> {
    this.#record = await this.#connection.call('getRun', { path: this.#path })
    return this
  }

  /** Only of a run that no supervisor watches, the name aside. */
  async update(change: { name?: string; note?: string | null; state?: RunRecord['state']; endedAtMs?: number }): Promise<this> {
    this.#record = await this.#connection.call('reportRun', { path: this.#path, body: change })
    return this
  }

  /** Points, parameters and labels: all of them or none; a repeat changes nothing. Without `step` it is 0. */
  async log(batch: {
    metrics?: Readonly<Record<string, number>>
    step?: number
    timeMs?: number
    parameters?: Readonly<Record<string, JsonValue>>
    labels?: Readonly<Record<string, string | null>>
  }): Promise<void> {
    const { metrics = {}, step = 0, timeMs = Date.now(), parameters, labels } = batch
    await this.#connection.call('logToRun', {
      path: this.#path,
      body: {
        points: Object.entries(metrics).map(([key, value]) => ({ key, step, timeMs, value })),
        ...(parameters === undefined ? {} : { parameters }),
        ...(labels === undefined ? {} : { labels }),
      },
    })
  }

  async label(labels: Readonly<Record<string, string | null>>): Promise<void> {
    await this.#connection.call('labelRuns', { body: { runs: [this.id], labels } })
  }

  /** Waits until it has stopped. */
  async abort(options: { reason?: string; force?: boolean } = {}): Promise<this> {
    const { runs } = await this.#connection.call('abortRuns', { body: { runs: [this.id], ...options } })
    this.#record = runs[0]!
    return this
  }

  async trash(): Promise<void> {
    await this.#connection.call('trashRuns', { body: { runs: [this.id] } })
  }

  async restore(): Promise<void> {
    await this.#connection.call('restoreRuns', { body: { runs: [this.id] } })
  }

  async states(): Promise<RunStateChange[]> {
    return (await this.#connection.call('getRunStates', { path: this.#path })).states
  }

  /** Of a sweep, in order. */
  async iterations(): Promise<RemoteRun[]> {
    const { runs } = await this.#connection.call('getIterations', { path: this.#path })
    return runs.map((record) => new RemoteRun(this.#connection, record))
  }

  async artifacts(): Promise<RemoteArtifact[]> {
    const { artifacts } = await this.#connection.call('getArtifacts', { path: this.#path })
    return artifacts.map((record: ArtifactRecord) => new RemoteArtifact(this.#connection, record))
  }

  /** The newest of that key; undefined when there is none. */
  async artifact(key: string): Promise<RemoteArtifact | undefined> {
    return (await this.artifacts()).findLast((artifact) => artifact.key === key)
  }

  get #path() {
    return { run: this.#record.id }
  }
}
