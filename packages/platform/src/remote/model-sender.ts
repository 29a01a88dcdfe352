import { type ModelUses, registrationsTag } from '../tracking/index.ts'
import type { SenderOptions } from './run-sender.ts'
import { lackingFiles, sendFiles } from './sent-files.ts'
import { RemoteRefusal } from './remote-server.ts'

/** Links or values in one request. */
const usesPerRequest = 5_000

/** Sends the logged models that a run has made, and what it has to do with models. A model is ready there once its files are. */
export class ModelSender {
  readonly #options: SenderOptions
  /** Records as they were sent by this process. */
  readonly #sent = new Map<string, string>()
  #sentUses: string | undefined

  constructor(options: SenderOptions) {
    this.#options = options
  }

  /** What was sent is looked at again with the next sending: the server may be another one now. */
  forget(): void {
    this.#sent.clear()
    this.#sentUses = undefined
  }

  /** Whether the run has made that model, and it is not in the trash. */
  async has(modelId: string): Promise<boolean> {
    const model = await this.#options.tracking.loggedModels.find(modelId)
    return model?.sourceRunId === this.#options.runId
  }

  /** `isOver`: the run has ended, and nobody writes files of a pending model any more. */
  async send(revision: number, { isOver }: { isOver: boolean }): Promise<void> {
    const { tracking, places, remote, runId, note } = this.#options
    for (const { experimentId, ...image } of await tracking.shippedModels.madeBy(runId)) {
      const { id, project, tags, ...record } = image
      // Versions have other numbers there.
      const { [registrationsTag]: _, ...sentTags } = tags
      const text = JSON.stringify(image)
      if (this.#sent.get(id) === text) continue
      const put = (status: typeof image.status) =>
        remote.json('PUT', `/runs/${runId}/logged-models/${id}`, { body: { ...record, tags: sentTags, status, revision } })
      const owner = { remote, runId, owner: { model: id } }
      const hasFiles = record.trashedAtMs === null && (isOver || record.status !== 'pending')
      try {
        if (hasFiles) {
          const store = await places.open(await places.ofModel({ id, project, experimentId }))
          const lacking = await lackingFiles(store, owner)
          if (lacking.length > 0) await put('pending')
          await sendFiles(store, lacking, owner)
        }
        await put(record.status)
      } catch (error) {
        if (!(error instanceof RemoteRefusal && error.isFinal)) throw error
        await note(`The logged model ${id} was not sent: ${error.message}`)
      }
      this.#sent.set(id, text)
    }
  }

  /** True when the server has all models that are named. */
  async sendUses(): Promise<boolean> {
    const { tracking, remote, runId } = this.#options
    const { links, points } = await tracking.shippedModels.usesOf(runId)
    const text = JSON.stringify([links, points.map((point) => ({ ...point, value: String(point.value) }))])
    if (links.length + points.length === 0 || text === this.#sentUses) return true
    let isWhole = true
    for (let at = 0; at < Math.max(links.length, points.length); at += usesPerRequest) {
      const body: ModelUses = { links: links.slice(at, at + usesPerRequest), points: points.slice(at, at + usesPerRequest) }
      const { missing } = await remote.json<{ missing: string[] }>('POST', `/runs/${runId}/model-uses`, { body })
      if (missing.length > 0) isWhole = false
    }
    if (isWhole) this.#sentUses = text
    return isWhole
  }
}
