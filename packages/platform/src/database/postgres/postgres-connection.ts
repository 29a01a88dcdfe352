import type { Client, CustomTypesConfig, QueryResult } from 'pg'
import { importOptional } from '../../base/optional-package.ts'
import type { ColumnValue } from '../database.ts'
import type { PostgresAddress } from './postgres-address.ts'
import { storableText } from './copy-encoder.ts'

const packageNames = 'pg pg-copy-streams'
const purpose = 'postgres:// databases'

/** The driver, loaded on first use: it is optional and takes 30 ms. */
export const loadDriver = async () => (await importOptional(() => import('pg'), packageNames, purpose)).default
const loadCopyStreams = async () => (await importOptional(() => import('pg-copy-streams'), packageNames, purpose)).default

const connectWaitMs = 10_000
/** A statement seen this often is prepared once and for all; those seen once (long filters) would only fill the server's memory. */
const preparedFrom = 3
const preparedStatements = 300
const countedStatements = 2_000

/**
 * By type: 64-bit integers (20) and numerics (1700) are numbers on this side of the seam, and bytes (17) no Node.js buffers.
 */
const parsers: Readonly<Record<number, (text: string) => unknown>> = { 17: (text) => bytesOf(text), 20: Number, 1700: Number }

function bytesOf(text: string): Uint8Array {
  const { buffer, byteOffset, length } = Buffer.from(text.slice(2), 'hex')
  return new Uint8Array(buffer, byteOffset, length)
}

/** Other types have the driver's own parsers. It always asks for text. */
const typesOf = (types: CustomTypesConfig): CustomTypesConfig => ({
  getTypeParser: (oid: Parameters<CustomTypesConfig['getTypeParser']>[0]) => parsers[oid] ?? types.getTypeParser(oid, 'text'),
})

export interface ConnectionOptions {
  /** How long a statement waits for a lock before it fails as busy. */
  lockWaitMs: number
}

/**
 * One connection with its settings. Statements are sent at once and answered in order (the protocol's pipelining), so what must
 * merely come before something else need not be waited for: see `send`.
 */
export class PostgresConnection {
  readonly #client: Client
  readonly #seen = new Map<string, number>()
  readonly #names = new Map<string, string>()
  /** The first failure of a statement since the last `takeFailure`: the transaction it was in is of no more use. */
  #failure: unknown
  #lost = false

  private constructor(client: Client) {
    this.#client = client
    const markLost = () => {
      this.#lost = true
    }
    client.on('error', markLost)
    client.on('end', markLost)
  }

  static async open(address: PostgresAddress, options: ConnectionOptions): Promise<PostgresConnection> {
    const driver = await loadDriver()
    const client = new driver.Client({
      connectionString: address.connectionString,
      application_name: 'trainyard',
      connectionTimeoutMillis: connectWaitMs,
      keepAlive: true,
      pipeline: true,
      types: typesOf(driver.types),
    })
    const connection = new PostgresConnection(client)
    await client.connect()
    try {
      await client.query(sessionSettings(address.schema, options))
    } catch (error) {
      await connection.close()
      throw error
    }
    return connection
  }

  get isLost(): boolean {
    return this.#lost
  }

  async objects(sql: string, parameters: readonly unknown[] = []): Promise<QueryResult<Record<string, unknown>>> {
    return await this.#run(() => this.#client.query(this.#config(sql, parameters)))
  }

  async arrays(sql: string, parameters: readonly unknown[] = []): Promise<ColumnValue[][]> {
    const result = await this.#run(() =>
      this.#client.query<ColumnValue[]>({ ...this.#config(sql, parameters), rowMode: 'array' as const }),
    )
    return result.rows
  }

  /** One or more statements without values. Resolves to the last one's tag: `COMMIT`, `ROLLBACK`... */
  async execute(sql: string): Promise<string> {
    const result = (await this.#run(() => this.#client.query(sql))) as QueryResult | QueryResult[]
    return (Array.isArray(result) ? result.at(-1) : result)?.command ?? ''
  }

  /** As `execute`, without waiting: what is asked for next comes behind it. A failure is kept for `takeFailure`. */
  send(sql: string): void {
    this.execute(sql).catch(() => undefined)
  }

  /** The first failure since the last call, if there was one. */
  takeFailure(): unknown {
    const failure = this.#failure
    this.#failure = undefined
    return failure
  }

  /** Streams chunks into a `COPY … FROM STDIN` statement. */
  async copyIn(sql: string, chunks: Iterable<Uint8Array>): Promise<void> {
    const { from } = await loadCopyStreams()
    // What was sent before must be answered: the copy has the connection for itself, and the driver wants to be told so.
    await this.execute('')
    const setPipeline = (pipeline: boolean) => Object.assign(this.#client, { pipeline })
    setPipeline(false)
    try {
      await this.#run(async () => {
        const { Readable } = await import('node:stream')
        const { pipeline } = await import('node:stream/promises')
        await pipeline(Readable.from(chunks), this.#client.query(from(sql)))
      })
    } finally {
      setPipeline(true)
    }
  }

  /** Waits for what was sent; afterwards the connection is lost. */
  async close(): Promise<void> {
    this.#lost = true
    // A connection that broke meanwhile is closed, too.
    await this.#client.end().catch(() => undefined)
  }

  async #run<Result>(action: () => Promise<Result>): Promise<Result> {
    try {
      return await action()
    } catch (error) {
      this.#failure ??= error
      throw error
    }
  }

  #config(text: string, parameters: readonly unknown[]) {
    const name = this.#nameOf(text)
    return { text, values: parameters.map(toDriver), ...(name !== undefined && { name }) }
  }

  /** The name under which the statement is prepared; undefined as long as it is rare. */
  #nameOf(text: string): string | undefined {
    const known = this.#names.get(text)
    if (known !== undefined) return known
    if (this.#names.size >= preparedStatements) return undefined
    const seen = (this.#seen.get(text) ?? 0) + 1
    if (seen < preparedFrom) {
      if (this.#seen.size >= countedStatements) this.#seen.clear()
      this.#seen.set(text, seen)
      return undefined
    }
    this.#seen.delete(text)
    const name = `s${this.#names.size}`
    this.#names.set(text, name)
    return name
  }
}

/** Values as the driver binds them: a NaN is NULL, as everywhere behind the seam. */
function toDriver(value: unknown): unknown {
  if (typeof value === 'number') return Number.isNaN(value) ? null : value
  if (typeof value === 'string') return storableText(value)
  return value
}

/**
 * Times of day, just-in-time compilation and the like are as our queries want them, whatever the server's own settings. A server
 * that acknowledges before it has written is made to wait for this session: acknowledged means durable.
 */
const sessionSettings = (schema: string, { lockWaitMs }: ConnectionOptions): string =>
  [
    `SET search_path TO "${schema}"`,
    `SET lock_timeout = ${lockWaitMs}`,
    'SET statement_timeout = 0',
    'SET jit = off',
    "SET bytea_output = 'hex'",
    'SET extra_float_digits = 1',
    'SET standard_conforming_strings = on',
    "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'",
  ].join('; ')
