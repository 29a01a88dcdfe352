import type { Dialect, Reader } from '../database.ts'
import type { PostgresAddress } from './postgres-address.ts'
import type { PostgresConnection } from './postgres-connection.ts'
import { fromPostgresError } from './postgres-errors.ts'
import { PostgresReader } from './postgres-transaction.ts'
import { connect } from './postgres-writer.ts'

/** Reads of one process run side by side on at most this many connections; Postgres allows 100 in all unless told otherwise. */
const mostConnections = 8
const closeWhenIdleMs = 60_000

interface Idle {
  connection: PostgresConnection
  view: Reader
  sinceMs: number
}

/** Connections for reading, each lent to one snapshot at a time. */
export class PostgresReaders {
  readonly #address: PostgresAddress
  readonly #dialect: Dialect
  #idle: Idle[] = []
  #lent = 0
  readonly #waiting: (() => void)[] = []

  constructor(address: PostgresAddress, dialect: Dialect) {
    this.#address = address
    this.#dialect = dialect
  }

  /** Runs the operation on one snapshot: that of its first statement, which comes after every write acknowledged before. */
  async read<Result>(operation: (reader: Reader) => Promise<Result>): Promise<Result> {
    while (this.#lent >= mostConnections) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    this.#lent++
    let lent: Idle | undefined
    try {
      lent = await this.#take()
      const { connection, view } = lent
      connection.send('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
      try {
        return await operation(view)
      } finally {
        // Not waited for: the next snapshot on this connection comes behind it.
        connection.send('COMMIT')
        connection.takeFailure()
      }
    } catch (error) {
      throw fromPostgresError(error, this.#address.display)
    } finally {
      this.#lent--
      if (lent && !lent.connection.isLost) this.#idle.push({ ...lent, sinceMs: Date.now() })
      this.#waiting.shift()?.()
    }
  }

  async close(): Promise<void> {
    while (this.#lent > 0) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    await Promise.all(this.#idle.splice(0).map(({ connection }) => connection.close()))
  }

  async #take(): Promise<Idle> {
    const spare = this.#idle.findIndex(({ sinceMs }) => Date.now() - sinceMs > closeWhenIdleMs)
    // The one used last stays, however long ago that was.
    if (spare >= 0 && this.#idle.length > 1) void this.#idle.splice(spare, 1)[0]!.connection.close()
    for (let known = this.#idle.pop(); known; known = this.#idle.pop()) if (!known.connection.isLost) return known
    const connection = await connect(this.#address, { isReconnect: true })
    return {
      connection,
      view: new PostgresReader(connection, { dialect: this.#dialect, place: this.#address.display }),
      sinceMs: 0,
    }
  }
}
