import type { Kysely } from 'kysely'
import type { ColumnValue, CompilableQuery, Dialect, Reader } from './database.ts'
import type { Tables } from './schema.ts'

interface Connection {
  arrays(sql: string, parameters: readonly unknown[]): ColumnValue[][] | Promise<ColumnValue[][]>
}

interface ReaderOptions {
  dialect: Dialect
  kysely: Kysely<Tables>
  /** What the driver throws, in our words. */
  translate: (error: unknown) => unknown
}

/** Reads of one connection, whatever the database: what fails there is thrown in our words. */
export abstract class ConnectionReader<Driver extends Connection> implements Reader {
  readonly dialect: Dialect
  readonly kysely: Kysely<Tables>
  protected readonly connection: Driver
  readonly #translate: (error: unknown) => unknown

  constructor(connection: Driver, { dialect, kysely, translate }: ReaderOptions) {
    this.connection = connection
    this.dialect = dialect
    this.kysely = kysely
    this.#translate = translate
  }

  arrays(query: CompilableQuery): Promise<ColumnValue[][]> {
    const { sql, parameters } = query.compile()
    return this.attempt(() => this.connection.arrays(sql, parameters))
  }

  abstract integers(query: CompilableQuery): Promise<number[]>

  /** Begun at once; what is thrown arrives as a rejected promise. */
  protected async attempt<Result>(action: () => Result | Promise<Result>): Promise<Result> {
    try {
      return await action()
    } catch (error) {
      throw this.#translate(error)
    }
  }
}
