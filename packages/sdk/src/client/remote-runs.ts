import type { AnswerOf, NativeOperations } from '@trainyard/contract/native-api'
import type { Connection } from './connection.ts'
import { Pages } from './pages.ts'
import { RemoteRun } from './remote-run.ts'

export interface RunSearch {
  /** For example `metrics.accuracy > 0.9 and state = 'completed'`. */
  filter?: string
  /** For example `metrics.accuracy desc`; newest first without it. */
  orderBy?: string
  project?: string
  /** Iterations of sweeps too. */
  iterations?: boolean
  /** Only runs in the trash. */
  trashed?: boolean
  /** Runs fetched at a time: 100 unless said, 1,000 at most. */
  pageSize?: number
}

const isRunId = (text: string): boolean => /^[0-9a-f]{32}$/.test(text)

/** All runs of a server. */
export class RemoteRuns {
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
  }

  search({ orderBy, pageSize, ...query }: RunSearch = {}): Pages<RemoteRun> {
    return new Pages(async (cursor) => {
      const { runs, next } = await this.#connection.call('searchRuns', {
        query: {
          ...query,
          ...(orderBy === undefined ? {} : { sort: orderBy }),
          ...(pageSize === undefined ? {} : { limit: pageSize }),
          ...(cursor === undefined ? {} : { cursor }),
        },
      })
      return { items: runs.map((record) => new RemoteRun(this.#connection, record)), next }
    })
  }

  async count(query: Pick<RunSearch, 'filter' | 'project' | 'iterations' | 'trashed'> = {}): Promise<number> {
    return (await this.#connection.call('countRuns', { query })).count
  }

  /** By id, the start of one, name, `latest`, or `sweep/3`. */
  async get(text: string, options: { project?: string } = {}): Promise<RemoteRun> {
    const record = isRunId(text)
      ? await this.#connection.call('getRun', { path: { run: text } })
      : await this.#connection.call('resolveRun', { query: { text, ...options } })
    return new RemoteRun(this.#connection, record)
  }

  /** What is the same and what differs. A text names a run as it does for `get`. */
  async compare(
    runs: readonly (RemoteRun | string)[],
    options: { project?: string } = {},
  ): Promise<AnswerOf<NativeOperations['compareRuns']>> {
    const idOf = async (run: RemoteRun | string): Promise<string> =>
      typeof run !== 'string' ? run.id : isRunId(run) ? run : (await this.get(run, options)).id
    return await this.#connection.call('compareRuns', { body: { runs: await Promise.all(runs.map(idOf)) } })
  }
}
