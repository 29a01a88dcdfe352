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
  readonly #called: 'Input' | 'Artifact'

  constructor(options: {
    key: string
    url: string
    path?: string | undefined
    downloads: string
    called?: 'Input' | 'Artifact'
  }) {
    this.#called = options.called ?? 'Input'
    this.key = options.key
    this.url = options.url
    this.#path = options.path ?? localPathOf(options.url)
    this.#downloads = options.downloads
  }

  /** The bytes; of a folder, those of the file at `path` in it. `not_found` without any, `unavailable` when nobody answers. */
  async get({ path }: { path?: string } = {}): Promise<Buffer> {
    const file = path === undefined ? this.#path : join(this.#folder(), path)
    if (file !== undefined) return await readFile(file).catch((error: unknown) => this.#fileFailure(error, file))
    return Buffer.from(await (await this.#fetch()).arrayBuffer())
  }

  /** The bytes as UTF-8 text, without a byte order mark. */
  async text(options: { path?: string } = {}): Promise<string> {
    return new TextDecoder().decode(await this.get(options))
  }

  async json<T = unknown>(options: { path?: string } = {}): Promise<T> {
    const text = await this.text(options)
    try {
      return JSON.parse(text) as T
    } catch (error) {
      throw new AppError(
        'invalid_argument',
        `${this.#called} '${this.key}' (${this.url}) is not JSON: ${(error as Error).message}.`,
        {
          cause: error,
        },
      )
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
      const remedy =
        this.#called === 'Input'
          ? `has not been staged: give it to the run with -i ${this.key}=${this.url}.`
          : 'does not lie on this machine: fetch it with trainyard get.'
      throw new AppError('failed_precondition', `${this.#called} '${this.key}' (${this.url}) ${remedy}`)
    }
    let response: Response
    try {
      response = await fetch(this.url)
    } catch (error) {
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error)
      throw new AppError('unavailable', `${this.#called} '${this.key}' (${this.url}) cannot be reached: ${cause}.`, {
        cause: error,
      })
    }
    if (response.ok) return response
    const code = response.status === 404 ? 'not_found' : 'unavailable'
    throw new AppError(code, `${this.#called} '${this.key}' (${this.url}) answered ${response.status} ${response.statusText}.`)
  }

  /** Where a folder lies on this machine. */
  #folder(): string {
    if (this.#path !== undefined) return this.#path
    throw new AppError(
      'invalid_argument',
      `${this.#called} '${this.key}' (${this.url}) is no folder of this machine to take a path of.`,
    )
  }

  #fileFailure(error: unknown, file = this.#path): never {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ENOENT')
      throw new AppError('not_found', `${this.#called} '${this.key}': there is no file ${file}.`, { cause: error })
    if (code === 'EISDIR')
      throw new AppError(
        'invalid_argument',
        `${this.#called} '${this.key}': ${file} is a folder; read a file of it with text({ path }), or take its place with local().`,
        {
          cause: error,
        },
      )
    throw new AppError(
      'unavailable',
      `${this.#called} '${this.key}': ${error instanceof Error ? error.message : String(error)}.`,
      {
        cause: error,
      },
    )
  }
}

function localPathOf(url: string): string | undefined {
  if (url.startsWith('file://')) return fileURLToPath(url)
  return url.includes('://') ? undefined : resolve(url)
}
