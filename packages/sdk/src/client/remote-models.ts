import type { AnswerOf, NativeOperations } from '@trainyard/contract/native-api'
import type { Connection } from './connection.ts'
import { Pages } from './pages.ts'

export type RegisteredModel = AnswerOf<NativeOperations['getModel']>
export type ModelVersion = AnswerOf<NativeOperations['getVersion']>
export type ModelEvent = AnswerOf<NativeOperations['getModelHistory']>['events'][number]

export interface VersionSource {
  /** Id of an artifact, of a logged model, or the address of files elsewhere: one of the three. */
  artifact?: string
  loggedModel?: string
  source?: string
  description?: string
  tags?: Record<string, string>
  aliases?: string[]
  stage?: string
  reason?: string
}

/** The model registry of a project (`default` unless said). */
export class RemoteModels {
  readonly #connection: Connection
  readonly #scope: { project?: string }

  constructor(connection: Connection, scope: { project?: string } = {}) {
    this.#connection = connection
    this.#scope = scope
  }

  in(project: string): RemoteModels {
    return new RemoteModels(this.#connection, { project })
  }

  search(query: { name?: string; tag?: string[]; pageSize?: number } = {}): Pages<RegisteredModel> {
    const { pageSize, ...rest } = query
    return new Pages(async (cursor) => {
      const { models, next } = await this.#connection.call('searchModels', {
        query: {
          ...this.#scope,
          ...rest,
          ...(pageSize === undefined ? {} : { limit: pageSize }),
          ...(cursor === undefined ? {} : { cursor }),
        },
      })
      return { items: models, next }
    })
  }

  async get(name: string): Promise<RegisteredModel> {
    return await this.#connection.call('getModel', { path: { model: name }, query: this.#scope })
  }

  /** `name/3`, `name/Production`, `name/latest`, `name@alias`. */
  async version(text: string): Promise<ModelVersion> {
    return await this.#connection.call('resolveModel', { query: { ...this.#scope, text } })
  }

  /** The model is made when it is new. */
  async register(name: string, source: VersionSource): Promise<ModelVersion> {
    return await this.#connection.call('createVersion', { path: { model: name }, query: this.#scope, body: source })
  }

  /** What is in the stage goes to Archived unless `keep` is set. */
  async promote(
    { name, version }: { name: string; version: number },
    stage: string,
    options: { keep?: boolean; newStage?: boolean; reason?: string } = {},
  ): Promise<ModelVersion> {
    const path = { model: name, version: String(version) }
    return await this.#connection.call('promoteVersion', { path, query: this.#scope, body: { stage, ...options } })
  }

  async setAlias(
    { name, version }: { name: string; version: number },
    alias: string,
    options: { reason?: string } = {},
  ): Promise<RegisteredModel> {
    const path = { model: name, alias }
    return await this.#connection.call('setAlias', { path, query: this.#scope, body: { version, ...options } })
  }

  async removeAlias(name: string, alias: string, options: { reason?: string } = {}): Promise<RegisteredModel> {
    return await this.#connection.call('removeAlias', { path: { model: name, alias }, query: { ...this.#scope, ...options } })
  }

  async tag(name: string, tags: Record<string, string | null>): Promise<RegisteredModel> {
    return await this.#connection.call('changeModel', { path: { model: name }, query: this.#scope, body: { tags } })
  }

  /** Every change, oldest first: what, who, when, why. */
  async history(name: string): Promise<ModelEvent[]> {
    return (await this.#connection.call('getModelHistory', { path: { model: name }, query: this.#scope })).events
  }

  /** As it was at a moment: what was in production then. */
  async at(name: string, time: Date | number): Promise<AnswerOf<NativeOperations['getModelAt']>> {
    return await this.#connection.call('getModelAt', {
      path: { model: name },
      query: { ...this.#scope, timeMs: Number(time) },
    })
  }
}
