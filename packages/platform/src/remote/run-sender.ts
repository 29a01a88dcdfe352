import { createReadStream, statSync } from 'node:fs'
import { basename, join, relative, sep } from 'node:path'
import { type ArtifactRecord, isAppError, isEnded, type RunRecord } from '@trainyard/contract'
import { listLocalFiles } from '../objects/index.ts'
import type { DatasetInput, MetricSeriesInfo, Tracking } from '../tracking/index.ts'
import type { RemoteServer } from './remote-server.ts'

/** What the server has of a run, as far as this process knows; asked for when it does not. */
interface Sent {
  image: string
  revision: number
  /** Points of each metric, and the step of the last one that was sent. */
  series: Map<string, { count: number; step: number }>
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
  asked: string | null
}

const pointsPerRequest = 10_000
const outputBytesPerRequest = 1 << 20

/**
 * Sends what a server lacks of one run: its record, points, output, artifacts. Every request says what is, not what changed (points
 * are a set, output has its place, artifacts have ids, records a growing revision), so that it may be lost, repeated or overtaken by
 * another: what counts is that in the end it has arrived once.
 */
export class RunSender {
  readonly #tracking: Tracking
  readonly #remote: RemoteServer
  readonly #runId: string
  #sent: Sent | undefined

  constructor(tracking: Tracking, remote: RemoteServer, runId: string) {
    this.#tracking = tracking
    this.#remote = remote
    this.#runId = runId
  }

  /** `links`: artifacts of other runs, which have to be there first. */
  async ship({ links }: { links: boolean }): Promise<ShipOutcome> {
    // Taken before anything is read: whoever reads later says what is newer.
    const revision = Math.max(Date.now(), (this.#sent?.revision ?? 0) + 1)
    const record = await this.#tracking.runs.get(this.#runId)
    const asked = await this.#sendRecord(record, revision)
    const sent = this.#sent!
    await this.#sendPoints(sent, isEnded(record.state))
    await this.#sendOutput(sent)
    await this.#sendArtifacts(record, sent, links)
    return { isComplete: isEnded(record.state), asked }
  }

  async #sendRecord(record: RunRecord, revision: number): Promise<string | null> {
    const history = await this.#tracking.runs.history(record.id)
    const datasets: DatasetInput[] = (await this.#tracking.datasets.ofRuns([record.id])).get(record.id) ?? []
    // Numbers among the results are points of metrics; the heartbeat of a supervisor is nobody else's business.
    const results = Object.fromEntries(Object.entries(record.results).filter(([, value]) => typeof value !== 'number'))
    const image = { record: { ...record, results, supervisor: null, updatedAtMs: lastChangeOf(record) }, history, datasets }
    const text = JSON.stringify(image)
    const isKnown = this.#sent?.image === text && !isWaiting(record)
    if (isKnown) return null
    let receipt = await this.#put({ ...image, revision })
    // Somebody with a clock ahead of ours was here.
    if (receipt.revision > revision) receipt = await this.#put({ ...image, revision: receipt.revision + 1 })
    this.#sent = {
      image: text,
      revision: receipt.revision,
      series: new Map(Object.entries(receipt.series).map(([key, { count, lastStep }]) => [key, { count, step: lastStep }])),
      outputBytes: receipt.outputBytes,
      artifacts: new Set(receipt.artifacts),
    }
    return receipt.asked
  }

  #put(body: object): Promise<Receipt> {
    return this.#remote.json('PUT', `/runs/${this.#runId}`, { body })
  }

  /** Points of earlier attempts wait for the end of the run: until then the present attempt may replace them. */
  async #sendPoints(sent: Sent, hasEnded: boolean): Promise<void> {
    for (const series of await this.#tracking.metrics.series(this.#runId)) {
      const known = sent.series.get(series.key)
      const earlier = hasEnded ? undefined : series.earlier
      const count = series.pointCount - (earlier?.count ?? 0)
      if ((known?.count ?? 0) === count) continue
      await this.#sendSeries({ ...series, pointCount: count }, known, earlier && earlier.lastStep + 1)
      sent.series.set(series.key, { count, step: series.last.step })
    }
  }

  /** From the last step that is known on; all of it, or from `first`, when that leaves a difference, because steps went back. */
  async #sendSeries(series: MetricSeriesInfo, known: { count: number; step: number } | undefined, first?: number): Promise<void> {
    const all = async (fromStep: number | undefined) =>
      await this.#tracking.metrics.history(this.#runId, series.key, fromStep === undefined ? {} : { fromStep })
    let points = await all(known?.step ?? first)
    if (known !== undefined && known.count + points.length < series.pointCount) points = await all(first)
    for (let at = 0; at < points.length; at += pointsPerRequest) {
      const part = points.slice(at, at + pointsPerRequest).map((point) => ({ key: series.key, ...point }))
      await this.#remote.json('POST', `/runs/${this.#runId}/log`, { body: { points: part } })
    }
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
    const path = pathOf(record, artifact.target)
    if (path !== undefined) {
      for (const file of await filesOf(artifact.target)) {
        const query = { path: file.path === '' ? path : `${path}/${file.path}` }
        await this.#remote.upload(`/runs/${record.id}/files/bytes`, createReadStream(file.absolute), { method: 'PUT', query })
      }
    }
    const { tags, ...described } = artifact
    const body = { ...described, tags: tags.filter((tag) => tag !== 'latest'), path: path ?? null }
    await this.#remote.json('PUT', `/runs/${record.id}/artifacts/${artifact.id}`, { body })
  }
}

/** Heartbeats move the time of change; they are no news. */
const lastChangeOf = (record: RunRecord): number => record.endedAtMs ?? record.startedAtMs ?? record.createdAtMs

/** A run that works may be asked to stop: the answer to its record says so. */
const isWaiting = ({ state }: RunRecord): boolean => !isEnded(state)

/** Where a file of the run goes below its folder on the server; undefined for bytes that stay where they are. */
function pathOf({ outPath }: RunRecord, target: string): string | undefined {
  if (!target.startsWith('/') || statSync(target, { throwIfNoEntry: false }) === undefined) return undefined
  if (!outPath.startsWith('/')) return undefined
  const inner = relative(outPath, target)
  if (inner !== '' && !inner.startsWith('..')) return inner.split(sep).join('/')
  // A model that an MLflow client logged has a folder of its own beside those of the runs.
  return /\/models\/m-[0-9a-f]{32}$/.test(target) ? `logged-models/${basename(target)}` : undefined
}

async function filesOf(target: string): Promise<{ path: string; absolute: string }[]> {
  if (!statSync(target).isDirectory()) return [{ path: '', absolute: target }]
  return (await listLocalFiles(target)).map(({ path }) => ({ path, absolute: join(target, path) }))
}
