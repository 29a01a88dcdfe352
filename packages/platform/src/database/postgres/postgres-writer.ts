import { setTimeout as sleep } from 'node:timers/promises'
import { AppError } from '@trainyard/contract'
import type { Dialect, Transaction } from '../database.ts'
import type { TransactionHost } from '../group-commit.ts'
import type { PostgresAddress } from './postgres-address.ts'
import { PostgresConnection } from './postgres-connection.ts'
import { fromPostgresError, isBriefRefusal, isConnectionLoss } from './postgres-errors.ts'
import { turnStatement } from './postgres-migrate.ts'
import { PostgresPresence } from './postgres-presence.ts'
import { PostgresTransaction } from './postgres-transaction.ts'

/** How long a write waits for its turn. */
export const lockWaitMs = 60_000
/** How long a server that was there may be away (a restart, a failover) before a write fails. */
const reconnectWaitMs = 10_000

/** Connects; a server that is just starting, or has no connection left, is asked again for a while. */
export async function connect(address: PostgresAddress, options: { isReconnect?: boolean } = {}): Promise<PostgresConnection> {
  for (const deadline = Date.now() + reconnectWaitMs; ;) {
    try {
      return await PostgresConnection.open(address, { lockWaitMs })
    } catch (error) {
      const isWorthWaiting = isBriefRefusal(error) || (options.isReconnect === true && isConnectionLoss(error))
      if (!isWorthWaiting || Date.now() > deadline) throw fromPostgresError(error, address.display)
      await sleep(50 + Math.random() * 200)
    }
  }
}

/** The one connection that writes, made anew when it is lost. Each transaction holds the lock that makes writers take turns. */
export class PostgresWriter implements TransactionHost<Transaction> {
  readonly #address: PostgresAddress
  readonly #dialect: Dialect
  readonly #presence = new PostgresPresence()
  #connection: PostgresConnection
  transaction: Transaction

  constructor(connection: PostgresConnection, address: PostgresAddress, dialect: Dialect) {
    this.#connection = connection
    this.#address = address
    this.#dialect = dialect
    this.transaction = this.#view()
  }

  async begin(): Promise<void> {
    const start = () => this.#connection.execute(`BEGIN; ${turnStatement(this.#address.schema)}`)
    this.#connection.takeFailure()
    try {
      if (!this.#connection.isLost) {
        await start()
        return
      }
    } catch (error) {
      // Nothing has been done yet: on a new connection it may be tried again.
      if (!isConnectionLoss(error)) {
        this.#connection.send('ROLLBACK')
        throw fromPostgresError(error, this.#address.display)
      }
    }
    await this.#connection.close()
    this.#connection = await connect(this.#address, { isReconnect: true })
    this.transaction = this.#view()
    await this.#attempt(start)
  }

  async commit(): Promise<void> {
    let tag: string
    try {
      tag = await this.#connection.execute('COMMIT')
    } catch (error) {
      if (!isConnectionLoss(error)) throw fromPostgresError(error, this.#address.display)
      throw new AppError(
        'unavailable',
        `The connection to the database ${this.#address.display} was lost while changes were being stored: look whether they are there before you repeat them.`,
        { cause: error },
      )
    }
    // A transaction that failed half-way answers a commit with its end.
    if (tag !== 'COMMIT') throw fromPostgresError(this.#connection.takeFailure() ?? new Error(tag), this.#address.display)
  }

  /** The server's commit has promised that already. */
  sync(): Promise<void> {
    return Promise.resolve()
  }

  async rollback(): Promise<void> {
    await this.#attempt(() => this.#connection.execute('ROLLBACK'))
  }

  savepoint(): Promise<void> {
    this.#connection.send('SAVEPOINT operation')
    return Promise.resolve()
  }

  /** An operation that caught the failure of a statement has none of its changes stored, so it has failed. */
  release(): Promise<void> {
    const failure = this.#connection.takeFailure()
    if (failure !== undefined) return Promise.reject(fromPostgresError(failure, this.#address.display))
    this.#connection.send('RELEASE operation')
    return Promise.resolve()
  }

  rollbackToSavepoint(): Promise<void> {
    this.#connection.takeFailure()
    this.#connection.send('ROLLBACK TO operation; RELEASE operation')
    return Promise.resolve()
  }

  isOpen(): boolean {
    return !this.#connection.isLost
  }

  /** For statements that are no transaction of ours. */
  async run<Result>(action: (connection: PostgresConnection) => Promise<Result>): Promise<Result> {
    return await this.#attempt(() => action(this.#connection))
  }

  async close(): Promise<void> {
    await this.#connection.close()
  }

  #view(): Transaction {
    const [dialect, presence] = [this.#dialect, this.#presence]
    return new PostgresTransaction(this.#connection, { dialect, place: this.#address.display, presence })
  }

  async #attempt<Result>(action: () => Promise<Result>): Promise<Result> {
    try {
      return await action()
    } catch (error) {
      throw fromPostgresError(error, this.#address.display)
    }
  }
}
