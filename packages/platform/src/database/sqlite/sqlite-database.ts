import { statSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { AppError } from '@trainyard/contract'
import type { Database, Reader, Transaction } from '../database.ts'
import { GroupCommit, type TransactionHost } from '../group-commit.ts'
import { carrying } from '../rider.ts'
import { Checkpointer } from './checkpointer.ts'
import { LogFile } from './log-file.ts'
import { SqliteConnection } from './sqlite-connection.ts'
import { matches } from '../regular-expression.ts'
import { likeAnyCase, sqliteDialect } from './sqlite-dialect.ts'
import { fromSqliteError, isBusy } from './sqlite-errors.ts'
import { checkFile, migrate } from './sqlite-migrate.ts'
import { SqlitePresence } from './sqlite-presence.ts'
import { SqliteReader, SqliteTransaction } from './sqlite-transaction.ts'

/** How long a process waits for the others before it gives up. */
const patienceMs = 60_000
/** SQLite's own waiting blocks the event loop, so a writer waits this long in it and the rest between attempts. */
const blockingWaitMs = 10
/** Rewriting the file is asked for by hand and may wait for the others' writes. */
const compactWaitMs = 10_000

/** Opens the database in `path`, making it when it is missing; its folder must exist. About 2 ms when it is up to date. */
export async function openSqliteDatabase(path: string): Promise<Database> {
  checkFile(path)
  const writer = await openWriter(path)
  return new SqliteDatabase(path, writer)
}

async function openWriter(path: string): Promise<SqliteConnection> {
  for (const deadline = Date.now() + patienceMs; ;) {
    let connection: SqliteConnection | undefined
    try {
      connection = new SqliteConnection(path, { busyTimeoutMs: patienceMs })
      migrate(connection, path)
      connection.database.exec(`PRAGMA busy_timeout = ${blockingWaitMs}`)
      return connection
    } catch (error) {
      connection?.close()
      // Switching a new file to WAL answers "busy" at once instead of waiting, when another process does the same.
      if (!isBusy(error) || Date.now() > deadline) throw fromSqliteError(error, path)
      await sleep(5 + Math.random() * 20)
    }
  }
}

class SqliteDatabase implements Database {
  readonly dialect = sqliteDialect
  readonly #path: string
  readonly #writer: SqliteConnection
  readonly #log: LogFile
  readonly #presence: SqlitePresence
  readonly #checkpointer: Checkpointer
  readonly #writes: GroupCommit<Transaction>
  #reader: { connection: SqliteConnection; view: Reader } | undefined
  #lastRead: Promise<unknown> = Promise.resolve()
  #closed = false

  constructor(path: string, writer: SqliteConnection) {
    this.#path = path
    this.#writer = writer
    addFunctions(writer)
    this.#log = new LogFile(path)
    this.#checkpointer = new Checkpointer(path, () => logPages(writer))
    this.#presence = new SqlitePresence(path)
    const transaction = new SqliteTransaction(writer, { path, presence: this.#presence })
    const host = createTransactionHost(writer, path, { transaction, sync: () => this.#sync() })
    this.#writes = new GroupCommit({ ...host, begin: () => this.#begin(host) })
  }

  /** Reads take turns: each has the connection's snapshot for itself, and as node:sqlite never waits, nobody else would gain. */
  async read<Result>(operation: (reader: Reader) => Promise<Result>): Promise<Result> {
    this.#assertOpen()
    const previous = this.#lastRead
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#lastRead = promise
    await previous
    try {
      return await this.#readSnapshot(operation)
    } finally {
      resolve()
    }
  }

  async write<Result>(operation: (transaction: Transaction) => Promise<Result>): Promise<Result> {
    this.#assertOpen()
    return await this.#writes.write(carrying(operation))
  }

  // oxlint-disable-next-line typescript/require-await -- What is thrown must arrive as a rejected promise.
  async inspect(): Promise<{ version: number; problems: string[] }> {
    this.#assertOpen()
    try {
      const problems = this.#writer.arrays('PRAGMA quick_check(20)').map(([text]) => String(text))
      return { version: Number(this.#writer.value('PRAGMA user_version')), problems: problems.filter((text) => text !== 'ok') }
    } catch (error) {
      throw fromSqliteError(error, this.#path)
    }
  }

  sizeBytes(): Promise<number> {
    this.#assertOpen()
    const files = [this.#path, `${this.#path}-wal`]
    return Promise.resolve(files.reduce((sum, file) => sum + (statSync(file, { throwIfNoEntry: false })?.size ?? 0), 0))
  }

  async compact(): Promise<void> {
    this.#assertOpen()
    await this.#writes.settled()
    await this.#lastRead
    try {
      this.#writer.database.exec(`PRAGMA busy_timeout = ${compactWaitMs}; VACUUM; PRAGMA wal_checkpoint(TRUNCATE)`)
    } catch (error) {
      throw fromSqliteError(error, this.#path)
    } finally {
      this.#writer.database.exec(`PRAGMA busy_timeout = ${blockingWaitMs}`)
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#writes.settled()
    await this.#lastRead
    await this.#checkpointer.close()
    await this.#log.close()
    this.#reader?.connection.close()
    this.#writer.close()
    this.#presence.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #readSnapshot<Result>(operation: (reader: Reader) => Promise<Result>): Promise<Result> {
    try {
      const { connection, view } = (this.#reader ??= this.#openReader())
      connection.run('BEGIN')
      try {
        return await operation(view)
      } finally {
        if (connection.database.isTransaction) connection.run('COMMIT')
      }
    } catch (error) {
      throw fromSqliteError(error, this.#path)
    }
  }

  /** After a failed sync nothing more is written until all that was committed lies in the database itself, synced there. */
  async #begin(host: TransactionHost<Transaction>): Promise<void> {
    const { failure } = this.#log
    if (failure) {
      if (!this.#moveLog())
        throw new AppError(
          'storage',
          `Nothing more is written to ${this.#path}, as earlier changes may not have reached the disk (${failure.message}) Check the disk; it is tried again at every write.`,
          { cause: failure },
        )
      this.#log.recovered()
    }
    await host.begin()
  }

  /** Whether all of the log was copied and synced: SQLite syncs the log before and the database after. */
  #moveLog(): boolean {
    try {
      return this.#writer.value('PRAGMA wal_checkpoint(TRUNCATE)') === 0
    } catch {
      return false
    }
  }

  async #sync(): Promise<void> {
    await this.#log.sync()
    this.#checkpointer.afterCommit()
  }

  /** A connection of its own, so that reads never see what a write in progress has not committed. */
  #openReader() {
    const connection = new SqliteConnection(this.#path, { busyTimeoutMs: patienceMs })
    connection.database.exec('PRAGMA query_only = 1')
    addFunctions(connection)
    return { connection, view: new SqliteReader(connection, this.#path) }
  }

  #assertOpen(): void {
    if (this.#closed) throw new AppError('internal', `The database ${this.#path} is closed already.`)
  }
}

/** Pages in the log that are not in the database yet. */
function logPages(connection: SqliteConnection): number {
  const [row = []] = connection.arrays('PRAGMA wal_checkpoint(NOOP)')
  return Number(row[1]) - Number(row[2])
}

function addFunctions({ database }: SqliteConnection): void {
  database.function('like_any_case', { deterministic: true }, (text, pattern) => likeAnyCase(text, pattern))
  database.function('matches', { deterministic: true }, (text, pattern) => matches(text, pattern))
}

function createTransactionHost(
  connection: SqliteConnection,
  path: string,
  { transaction, sync }: Pick<TransactionHost<Transaction>, 'transaction' | 'sync'>,
): TransactionHost<Transaction> {
  // oxlint-disable-next-line typescript/require-await -- What is thrown must arrive as a rejected promise.
  const execute = async (sql: string) => {
    try {
      connection.run(sql)
    } catch (error) {
      throw fromSqliteError(error, path)
    }
  }
  return {
    transaction,
    begin: () => beginImmediate(connection, path),
    commit: () => execute('COMMIT'),
    sync,
    rollback: () => execute('ROLLBACK'),
    savepoint: () => execute('SAVEPOINT operation'),
    release: () => execute('RELEASE operation'),
    rollbackToSavepoint: async () => {
      await execute('ROLLBACK TO operation')
      await execute('RELEASE operation')
    },
    isOpen: () => connection.database.isTransaction,
  }
}

async function beginImmediate(connection: SqliteConnection, path: string): Promise<void> {
  for (const deadline = Date.now() + patienceMs; ;) {
    try {
      connection.run('BEGIN IMMEDIATE')
      return
    } catch (error) {
      if (!isBusy(error) || Date.now() > deadline) throw fromSqliteError(error, path)
      await sleep(Math.random() * 15)
    }
  }
}
