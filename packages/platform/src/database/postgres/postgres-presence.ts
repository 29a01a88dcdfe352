import { randomInt } from 'node:crypto'
import type { PostgresConnection } from './postgres-connection.ts'

/** "TrnP": the first half of the key of the advisory locks that say who is there. */
const lockFamily = 0x54_72_6e_50
const largestKey = 2 ** 31 - 1

/**
 * That this process has a database open, for the others to see: an advisory lock of the session that writes, which the server undoes
 * with the connection. Made anew on the next connection where one is lost, under the same name.
 */
export class PostgresPresence {
  readonly #key = randomInt(1, largestKey)
  /** The connection that holds the lock. */
  #holder: PostgresConnection | undefined

  async name(connection: PostgresConnection): Promise<string> {
    if (this.#holder !== connection) {
      await connection.arrays('SELECT pg_advisory_lock($1::int, $2::int)', [lockFamily, this.#key])
      this.#holder = connection
    }
    return String(this.#key)
  }

  /** In a transaction: what it took to find out is given back at its end. */
  async isPresent(connection: PostgresConnection, name: string): Promise<boolean> {
    const key = /^\d{1,10}$/.test(name) ? Number(name) : 0
    if (key === this.#key) return true
    if (key < 1 || key > largestKey) return false
    const [row] = await connection.arrays('SELECT pg_try_advisory_xact_lock($1::int, $2::int)::text', [lockFamily, key])
    return row?.[0] !== 'true'
  }
}
