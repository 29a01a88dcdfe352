import { createHash } from 'node:crypto'
import { type TraceImage, writeSpan } from '../traces/index.ts'
import { RemoteRefusal } from './remote-server.ts'
import type { SenderOptions } from './run-sender.ts'
import { lackingFiles, sendFiles } from './sent-files.ts'

/** A trace as it travels: see `sendTraces` of the native interface. */
interface Parcel {
  experiment: string
  trace: Omit<TraceImage, 'experimentId'>
  spans: string[]
  digest: string | null
}

const tracesPerPage = 100
const charactersPerRequest = 4_000_000
/** A server takes 32 MiB at a time, and texts grow on their way. */
const longestSpan = 12_000_000

/** Sends the traces that a run has made. What the server has is asked by digests, so whoever comes next sends only what it lacks. */
export class TraceSender {
  readonly #options: SenderOptions
  /** Digests of what this process has sent. */
  readonly #sent = new Map<string, string>()
  /** Traces that were going on when they were looked at. */
  readonly #open = new Set<string>()
  #after = 0

  constructor(options: SenderOptions) {
    this.#options = options
  }

  /** What was sent is looked at again with the next sending: the server may be another one now. */
  forget(): void {
    this.#after = 0
    this.#open.clear()
    this.#sent.clear()
  }

  /** Traces that have come since and are complete, and with `all` also those that go on, or never ended. */
  async send(revision: number, { all }: { all: boolean }): Promise<void> {
    const { traces, runId } = this.#options
    if (this.#open.size > 0) {
      const ids = [...this.#open]
      this.#open.clear()
      await this.#sendPage((await traces.shipped.ofRun(runId, { ids })).traces, revision, { all })
    }
    for (;;) {
      const page = await traces.shipped.ofRun(runId, { after: this.#after, limit: tracesPerPage })
      await this.#sendPage(page.traces, revision, { all })
      this.#after = page.last ?? this.#after
      if (page.traces.length < tracesPerPage) return
    }
  }

  async #sendPage(images: readonly TraceImage[], revision: number, { all }: { all: boolean }): Promise<void> {
    const isComplete = ({ state }: TraceImage): boolean => state === 'OK' || state === 'ERROR'
    for (const image of images) if (!all && !isComplete(image)) this.#open.add(image.id)
    const chosen = images.filter((image) => all || isComplete(image))
    const parcels = await this.#pack(chosen)
    const lacking = await this.#findLacking(parcels)
    let batch: Parcel[] = []
    let characters = 0
    for (const [at, parcel] of parcels.entries()) {
      if (!lacking.has(parcel.trace.id)) continue
      await this.#sendFilesOf(chosen[at]!, parcel, revision)
      for (const part of partsOf(parcel)) {
        const length = charactersIn(part)
        if (batch.length > 0 && characters + length > charactersPerRequest) {
          await this.#deliver(batch, revision)
          batch = []
          characters = 0
        }
        batch.push(part)
        characters += length
      }
    }
    if (batch.length > 0) await this.#deliver(batch, revision)
    for (const { trace, digest } of parcels) this.#sent.set(trace.id, digest!)
  }

  async #pack(images: readonly TraceImage[]): Promise<Parcel[]> {
    const { traces, tracking, note } = this.#options
    const spansOf = await traces.spansOf(images.map(({ id }) => id))
    const names = new Map<string, string>()
    const parcels: Parcel[] = []
    for (const { experimentId, ...trace } of images) {
      const experiment = names.get(experimentId) ?? (await tracking.experiments.find(experimentId))?.name ?? 'Default'
      names.set(experimentId, experiment)
      const spans = (spansOf.get(trace.id) ?? []).map(writeSpan)
      const sent = spans.filter((span) => span.length <= longestSpan)
      if (sent.length < spans.length)
        await note(`Spans of the trace ${trace.id} with more than ${longestSpan} characters were not sent.`)
      const digest = createHash('sha256')
        .update(JSON.stringify([experiment, trace, sent]))
        .digest('hex')
      parcels.push({ experiment, trace, spans: sent, digest })
    }
    return parcels
  }

  async #findLacking(parcels: readonly Parcel[]): Promise<ReadonlySet<string>> {
    const { remote, runId } = this.#options
    const unsure = parcels.filter(({ trace, digest }) => this.#sent.get(trace.id) !== digest)
    if (unsure.length === 0) return new Set()
    const body = { digests: Object.fromEntries(unsure.map(({ trace, digest }) => [trace.id, digest])) }
    return new Set((await remote.json<{ lacking: string[] }>('POST', `/runs/${runId}/traces/lacking`, { body })).lacking)
  }

  /** Before the trace is said to be whole. */
  async #sendFilesOf({ id, experimentId, ...trace }: TraceImage, parcel: Parcel, revision: number): Promise<void> {
    const { tracking, places, remote, runId } = this.#options
    const experiment = await tracking.experiments.find(experimentId)
    if (!experiment) return
    const store = await places.open(await places.ofTrace({ ...trace, id, experimentId, project: experiment.project }))
    const owner = { remote, runId, owner: { trace: id } }
    const lacking = await lackingFiles(store, owner)
    if (lacking.length === 0) return
    if (await this.#deliver([{ ...parcel, spans: [], digest: null }], revision)) await sendFiles(store, lacking, owner)
  }

  /** False when the server takes one of them, if there is only one, never. */
  async #deliver(parcels: readonly Parcel[], revision: number): Promise<boolean> {
    const { remote, runId, note } = this.#options
    try {
      await remote.json('POST', `/runs/${runId}/traces`, { body: { revision, traces: parcels } })
      return true
    } catch (error) {
      if (!(error instanceof RemoteRefusal && error.isFinal)) throw error
      if (parcels.length > 1) for (const parcel of parcels) await this.#deliver([parcel], revision)
      else await note(`The trace ${parcels[0]?.trace.id} was not sent: ${error.message}`)
      return parcels.length > 1
    }
  }
}

const charactersIn = ({ trace, spans }: Parcel): number =>
  spans.reduce((sum, span) => sum + span.length, JSON.stringify(trace).length)

/** A trace of many spans goes in several requests; the last one says that it is whole. */
function partsOf(parcel: Parcel): Parcel[] {
  const parts: Parcel[] = []
  let spans: string[] = []
  let characters = 0
  for (const span of parcel.spans) {
    if (spans.length > 0 && characters + span.length > charactersPerRequest) {
      parts.push({ ...parcel, spans, digest: null })
      spans = []
      characters = 0
    }
    spans.push(span)
    characters += span.length
  }
  return [...parts, { ...parcel, spans }]
}
