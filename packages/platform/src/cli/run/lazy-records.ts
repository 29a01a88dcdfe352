import type { DataDirectory } from '../../base/data-directory.ts'
import type { Cli } from '../cli.ts'
import { makeDirectory } from '../open-directory.ts'
import type { RunWork } from './run-work.ts'

/** The records of a data directory, opened (and the directory made) when they are first needed. Closing waits for writes under way. */
export interface LazyRecords extends AsyncDisposable {
  load(): Promise<void>
  use<T>(work: (runs: RunWork) => T | Promise<T>): Promise<T>
}

/**
 * Database, records and supervision are the larger part of the program: they load while the process of a run wakes up, which
 * takes about 30 ms off every run.
 */
export function lazyRecords(cli: Cli, directory: DataDirectory): LazyRecords {
  let opening: Promise<RunWork> | undefined
  const open = (): Promise<RunWork> =>
    (opening ??= import('./run-work.ts').then(({ openRunWork }) => {
      makeDirectory(cli, directory)
      return openRunWork(cli, directory)
    }))
  return {
    load: async () => void (await open()),
    use: async (work) => await work(await open()),
    async [Symbol.asyncDispose]() {
      // A failure to open was told where it was first waited for.
      const opened = await opening?.catch(() => undefined)
      await opened?.[Symbol.asyncDispose]()
    },
  }
}
