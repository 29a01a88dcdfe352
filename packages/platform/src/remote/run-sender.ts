import { createReadStream } from 'node:fs'
import { AppError, type ArtifactRecord, isAppError, isEnded, type RunRecord } from '@trainyard/contract'
import type { Registry } from '../registry/index.ts'
import type { DatasetInput, Tracking } from '../tracking/index.ts'
import type { Traces } from '../traces/index.ts'
import { countDistinct } from './distinct-points.ts'
import { ModelSender } from './model-sender.ts'
import { RecordRefused, RemoteRefusal, type RemoteServer } from './remote-server.ts'
import { filesOf, pathInRun } from './run-files.ts'
import type { SentPlaces } from './sent-files.ts'
import { TraceSender } from './trace-sender.ts'
import { sendVersions } from './version-sender.ts'

export interface SenderOptions {
  tracking: Tracking
  registry: Registry
  traces: Traces
  places: SentPlaces
  remote: RemoteServer
  runId: string
  /** What the server takes never: kept with the run here. */
  note: (sentence: string) => Promise<void>
}

/** What the server has of a run, as far as this process knows; asked for when it does not. */
interface Sent {
  /** The record as it was sent. */
  image: string
  /** Points of each metric, no two of them equal. */
  counts: Map<string, number>
  outputBytes: number
  artifacts: Set<string>
}

/** The answer of the server to the record of a run. */
interface Receipt {
  revision: number
  /** Why the run is to stop; null when nobody asked for it. */
  asked: string | null
  series: Record<string, { count: number; lastStep: number }>
  outputBytes: number
  artifacts: string[]
}

export interface ShipOutcome {
  /** Everything there is has been sent, and the run has ended. */
  isComplete: boolean
  /** It has to do with logged models that the server does not have. */
  lacksModels: boolean
  asked: string | null
}

const pointsPerRequest = 10_000
const outputBytesPerRequest = 1 << 20

/**
 * Sends what a server lacks of one run: its record, points, output, artifacts, logged models, traces, registered versions. Every request says what is, not what changed (points
 * are a set, output has its place, artifacts have ids, records a growing revision), so that it may be lost, repeated or overtaken by
 * another: what counts is that in the end it has arrived once.
 */
export class RunSender {
  readonly #tracking: Tracking
  readonly #remote: RemoteServer
  readonly #runId: string
  readonly #options: SenderOptions
  readonly #models: ModelSender
  readonly #traces: TraceSender
  #sent: Sent | undefined
  #revision = 0
  #attempt = 0
  /** Of each metric: how many of its points, in the order in which they arrived here, have been sent by this process. */
  readonly #reached = new Map<string, number>()

  constructor(options: SenderOptions) {
    this.#options = options
    this.#tracking = options.tracking
    this.#remote = options.remote
    this.#runId = options.runId
    this.#models = new ModelSender(options)
    this.#traces = new TraceSender(options)
  }

  /**
   * `links`: artifacts of other runs, which have to be there first. A run that has ended is complete once the server, asked anew, has
   * counted all of it. Fails with `RecordRefused` when the server takes no record of the run, ever.
   */
  async ship({ links }: { links: boolean }): Promise<ShipOutcome> {
    try {
      // Taken before anything is read: whoever reads later says what is newer.
      const revision = Math.max(Date.now(), this.#revision + 1)
      const record = await this.#tracking.runs.get(this.#runId)
      if (record.attempt !== this.#attempt) this.#reached.clear()
      this.#attempt = record.attempt
      // One that works may be asked to stop: the answer to its record says so.
      const asked = await this.#sendRecord(record, revision, !isEnded(record.state))
      let hasModels = await this.#sendRest(record, this.#sent!, { links, all: false })
      if (isEnded(record.state)) hasModels = await this.#verify(record, links)
      return { isComplete: isEnded(record.state), lacksModels: !hasModels, asked }
    } catch (error) {
      // Whatever it was, the server may be another one now, or have lost what it had.
      this.#sent = undefined
      this.#models.forget()
      this.#traces.forget()
      throw error
    }
  }

  /** True when the server has all logged models that the run has to do with. */
  async #sendRest(record: RunRecord, sent: Sent, { links, all }: { links: boolean; all: boolean }): Promise<boolean> {
    await this.#sendPoints(sent)
    await this.#sendOutput(sent)
    await this.#models.send(this.#revision, { isOver: isEnded(record.state) })
    await this.#sendArtifacts(record, sent, links)
    await this.#traces.send(this.#revision, { all })
    return await this.#models.sendUses()
  }

  /** What the server counts decides, not what it has answered before. */
  async #verify(record: RunRecord, links: boolean): Promise<boolean> {
    this.#models.forget()
    this.#traces.forget()
    await this.#sendRecord(record, this.#revision, true)
    const differing = await this.#differences(this.#sent!)
    for (const { key, pointCount } of differing) await this.#sendSeries(key, 0, pointCount)
    const hasModels = await this.#sendRest(record, this.#sent!, { links, all: true })
    // Their files are there now.
    await sendVersions(this.#options, record)
    if (differing.length === 0) return hasModels
    await this.#sendRecord(record, this.#revision, true)
    // More than here: somebody logs to the run there too.
    const missing = (await this.#differences(this.#sent!)).find(({ here, there }) => there < here)
    if (missing)
      throw new AppError(
        'unavailable',
        `The server has ${missing.there} of the ${missing.here} points of '${missing.key}'; they will be sent again.`,
      )
    return hasModels
  }

  /** Series of which the server has another number of points, equal ones counted once, as it keeps them. */
  async #differences({ counts }: Sent): Promise<{ key: string; pointCount: number; here: number; there: number }[]> {
    const found = []
    for (const { key, pointCount } of await this.#tracking.metrics.series(this.#runId)) {
      const there = counts.get(key) ?? 0
      if (there === pointCount) continue
      const here = countDistinct(await this.#tracking.metrics.history(this.#runId, key))
      if (there !== here) found.push({ key, pointCount, here, there })
    }
    return found
  }

  async #sendRecord(record: RunRecord, revision: number, always: boolean): Promise<string | null> {
    const history = await this.#tracking.runs.history(record.id)
    const datasets: DatasetInput[] = (await this.#tracking.datasets.ofRuns([record.id])).get(record.id) ?? []
    // Numbers among the results are points of metrics; the heartbeat of a supervisor is nobody else's business.
    const results = Object.fromEntries(Object.entries(record.results).filter(([, value]) => typeof value !== 'number'))
    const image = { record: { ...record, results, supervisor: null, updatedAtMs: lastChangeOf(record) }, history, datasets }
    const text = JSON.stringify(image)
    if (this.#sent?.image === text && !always) return null
    let receipt = await this.#put({ ...image, revision })
    // Somebody with a clock ahead of ours was here.
    if (receipt.revision > revision) receipt = await this.#put({ ...image, revision: receipt.revision + 1 })
    this.#revision = receipt.revision
    this.#sent = {
      image: text,
      counts: new Map(Object.entries(receipt.series).map(([key, { count }]) => [key, count])),
      outputBytes: receipt.outputBytes,
      artifacts: new Set(receipt.artifacts),
    }
    return receipt.asked
  }

  async #put(body: object): Promise<Receipt> {
    try {
      return await this.#remote.json<Receipt>('PUT', `/runs/${this.#runId}`, { body })
    } catch (error) {
      if (error instanceof RemoteRefusal && error.isFinal) throw new RecordRefused(error)
      throw error
    }
  }

  /**
   * Points of earlier attempts come first here and wait for the end of the run, when the server's count misses them: until then the
   * present attempt may replace them.
   */
  async #sendPoints(sent: Sent): Promise<void> {
    for (const { key, pointCount, earlier } of await this.#tracking.metrics.series(this.#runId)) {
      const skipped = earlier?.count ?? 0
      const reached = this.#reached.get(key) ?? sent.counts.get(key) ?? 0
      const from = skipped + reached > pointCount ? skipped : skipped + reached
      this.#reached.set(key, (await this.#sendSeries(key, from, pointCount)) - skipped)
    }
  }

  /**
   * In the order in which they arrived here, so that what the server has is a beginning of them, whatever their steps. Another process
   * may have sent that: as many points as the server counts are among it for certain, because of equal ones it counts one.
   */
  async #sendSeries(key: string, from: number, pointCount: number): Promise<number> {
    let at = from
    while (at < pointCount) {
      const seen = { [key]: at }
      const page = await this.#tracking.metrics.arrived(this.#runId, { keys: [key], seen, limit: pointsPerRequest })
      // A new attempt has begun meanwhile, without it.
      if (page.points.length === 0) return at
      await this.#remote.json('POST', `/runs/${this.#runId}/log`, { body: { points: page.points } })
      at = page.seen[key]!
    }
    return at
  }

  async #sendOutput(sent: Sent): Promise<void> {
    for await (const { offset, timeMs, bytes } of this.#tracking.logs.read(this.#runId, { offset: sent.outputBytes })) {
      for (let at = 0; at < bytes.length; at += outputBytesPerRequest) {
        const part = bytes.subarray(at, at + outputBytesPerRequest)
        const query = { offset: offset + at, timeMs }
        await this.#remote.upload(`/runs/${this.#runId}/output`, part, { method: 'POST', query })
        sent.outputBytes = offset + at + part.length
      }
    }
  }

  async #sendArtifacts(record: RunRecord, sent: Sent, links: boolean): Promise<void> {
    const artifacts = await this.#tracking.artifacts.ofRun(record.id)
    for (const artifact of artifacts) {
      if (sent.artifacts.has(artifact.id)) continue
      if (artifact.runId === record.id) await this.#sendArtifact(record, artifact)
      else if (links) await this.#link(record, artifact)
      else continue
      sent.artifacts.add(artifact.id)
    }
  }

  async #link({ id }: RunRecord, artifact: ArtifactRecord): Promise<void> {
    try {
      await this.#remote.json('POST', `/runs/${id}/artifacts`, { body: { artifacts: [artifact.id] } })
    } catch (error) {
      // Of a run that is not on that server.
      if (!isAppError(error, 'not_found')) throw error
    }
  }

  /** Bytes first: a record whose bytes are missing would be a promise broken. */
  async #sendArtifact(record: RunRecord, artifact: ArtifactRecord): Promise<void> {
    const model = modelOf(artifact.target)
    const path = model === undefined ? pathInRun(record, artifact.target) : undefined
    if (path !== undefined) {
      for (const file of await filesOf(artifact.target)) {
        const query = { path: file.path === '' ? path : `${path}/${file.path}` }
        await this.#remote.upload(`/runs/${record.id}/files/bytes`, createReadStream(file.absolute), { method: 'PUT', query })
      }
    }
    const { tags, ...described } = artifact
    const place = model !== undefined && (await this.#models.has(model)) ? { model } : {}
    const body = { ...described, tags: tags.filter((tag) => tag !== 'latest'), path: path ?? null, ...place }
    await this.#remote.json('PUT', `/runs/${record.id}/artifacts/${artifact.id}`, { body })
  }
}

/** Heartbeats move the time of change; they are no news. */
const lastChangeOf = (record: RunRecord): number => record.endedAtMs ?? record.startedAtMs ?? record.createdAtMs

/** A model that an MLflow client logged has a folder of its own beside those of the runs. */
const modelOf = (target: string): string | undefined => /\/models\/(m-[0-9a-f]{32})(?:\/artifacts)?$/.exec(target)?.[1]
