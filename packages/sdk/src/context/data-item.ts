import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, readFile, rename } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { AppError } from '@trainyard/contract/errors'

/**
 * An input of a run: a file, an `http(s)://` address, or bytes the supervisor has staged (any scheme, when the input was given to
 * `trainyard run -i`). Nothing is read before it is asked for.
 */
export class DataItem {
  readonly key: string
  /** As the user wrote it. */
  readonly url: string
  readonly #path: string | undefined
  readonly #downloads: string

  constructor(options: { key: string; url: string; path?: string | undefined; downloads: string }) {
    this.key = options.key
    this.url = options.url
    this.#path = options.path ?? localPathOf(options.url)
    this.#downloads = options.downloads
  }

  /** The bytes. Fails with `not_found` when there are none, `unavailable` when the address does not answer. */
  async get(): Promise<Buffer> {
    if (this.#path !== undefined) return await readFile(this.#path).catch((error: unknown) => this.#fileFailure(error))
    return Buffer.from(await (await this.#fetch()).arrayBuffer())
  }

  /** The bytes as UTF-8 text, without a byte order mark. */
  async text(): Promise<string> {
    return new TextDecoder().decode(await this.get())
  }

  async json<T = unknown>(): Promise<T> {
    const text = await this.text()
    try {
      return JSON.parse(text) as T
    } catch (error) {
      throw new AppError('invalid_argument', `Input '${this.key}' (${this.url}) is not JSON: ${(error as Error).message}.`, {
        cause: error,
      })
    }
  }

  /** Piece by piece, for inputs larger than memory. */
  async stream(): Promise<Readable> {
    if (this.#path !== undefined) {
      const stream = createReadStream(this.#path)
      await new Promise<void>((opened, failed) => stream.once('open', () => opened()).once('error', failed)).catch(
        (error: unknown) => this.#fileFailure(error),
      )
      return stream
    }
    const response = await this.#fetch()
    return response.body ? Readable.fromWeb(response.body) : Readable.from([])
  }

  /** A path on this machine; a remote input is downloaded once, whole or not at all, into the run's working folder. */
  async local(): Promise<string> {
    if (this.#path !== undefined) return this.#path
    const name = basename(new URL(this.url).pathname) || 'input'
    const target = join(this.#downloads, encodeURIComponent(this.key).slice(-80), decodeURIComponent(name).replaceAll('/', '_'))
    await mkdir(dirname(target), { recursive: true })
    await pipeline(await this.stream(), createWriteStream(`${target}.part`))
    await rename(`${target}.part`, target)
    return target
  }

  async #fetch(): Promise<Response> {
    if (!/^https?:\/\//i.test(this.url)) {
      throw new AppError(
        'failed_precondition',
        `Input '${this.key}' (${this.url}) has not been staged: give it to the run with -i ${this.key}=${this.url}.`,
      )
    }
    let response: Response
    try {
      response = await fetch(this.url)
    } catch (error) {
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error)
      throw new AppError('unavailable', `Input '${this.key}' (${this.url}) cannot be reached: ${cause}.`, { cause: error })
    }
    if (response.ok) return response
    const code = response.status === 404 ? 'not_found' : 'unavailable'
    throw new AppError(code, `Input '${this.key}' (${this.url}) answered ${response.status} ${response.statusText}.`)
  }

  #fileFailure(error: unknown): never {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ENOENT')
      throw new AppError('not_found', `Input '${this.key}': there is no file ${this.#path}.`, { cause: error })
    if (code === 'EISDIR')
      throw new AppError('invalid_argument', `Input '${this.key}': ${this.#path} is a folder; take its path with local().`, {
        cause: error,
      })
    throw new AppError('unavailable', `Input '${this.key}': ${error instanceof Error ? error.message : String(error)}.`, {
      cause: error,
    })
  }
}

function localPathOf(url: string): string | undefined {
  if (url.startsWith('file://')) return fileURLToPath(url)
  return url.includes('://') ? undefined : resolve(url)
}
