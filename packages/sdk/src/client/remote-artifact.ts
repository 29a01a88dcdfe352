import type { ArtifactRecord } from '@trainyard/contract'
import type { Connection } from './connection.ts'
import { rangeHeader } from './remote-logs.ts'

export interface RemoteFile {
  path: string
  isFolder: boolean
  sizeBytes: number | null
}

/** Something a run made, or that was registered. */
export class RemoteArtifact {
  readonly record: ArtifactRecord
  readonly #connection: Connection

  constructor(connection: Connection, record: ArtifactRecord) {
    this.#connection = connection
    this.record = record
  }

  get id(): string {
    return this.record.id
  }
  get key(): string {
    return this.record.key
  }

  /** Files and folders in it, a level at a time. */
  async files(path?: string): Promise<RemoteFile[]> {
    const query = path === undefined ? {} : { path }
    return (await this.#connection.call('listArtifactFiles', { path: { artifact: this.id }, query })).files
  }

  /** The bytes as they come: of the artifact, or of one file of a folder; all of them, or a range (`end` not included). */
  async stream(options: { path?: string; start?: number; end?: number } = {}): Promise<ReadableStream<Uint8Array>> {
    const { path, ...range } = options
    const answer = await this.#connection.open('readArtifact', {
      path: { artifact: this.id },
      query: path === undefined ? {} : { path },
      headers: rangeHeader(range),
    })
    return answer.body ?? new ReadableStream({ start: (controller) => controller.close() })
  }

  async bytes(options: { path?: string } = {}): Promise<Uint8Array> {
    return new Uint8Array(await new Response(await this.stream(options)).arrayBuffer())
  }

  async text(options: { path?: string } = {}): Promise<string> {
    return new TextDecoder().decode(await this.bytes(options))
  }

  async tag(tags: { add?: readonly string[]; remove?: readonly string[] }): Promise<RemoteArtifact> {
    const body = { addTags: [...(tags.add ?? [])], removeTags: [...(tags.remove ?? [])] }
    return new RemoteArtifact(this.#connection, await this.#connection.call('tagArtifact', { path: { artifact: this.id }, body }))
  }
}
