import { readdirSync } from 'node:fs'
import { isAppError } from '@trainyard/contract'
import type { Cli } from './cli.ts'
import { openSession, type Session } from './session.ts'

/**
 * For commands that look at records: the session, once everything is taken in that runs have left behind whose supervisor is gone
 * or never was (a bare `import trainyard`). With `TRAINYARD_URL` they are those of that server. With nothing to take in this costs one directory listing and one query.
 */
export async function openRecords(cli: Cli): Promise<Session> {
  // A data directory that is named on the command line is meant.
  if (cli.config.remote !== undefined && cli.globals.data === undefined) {
    const { openRemoteRecords } = await import('./remote-session.ts')
    return await openRemoteRecords(cli, cli.config.remote)
  }
  await using opened = new AsyncDisposableStack()
  const session = opened.use(await openSession(cli, { create: false }))
  try {
    if (await hasLeftovers(session)) {
      // Loaded only when there is something to do: execution is the largest part of the program.
      const { takeIn } = await import('./take-in.ts')
      await takeIn(cli, session)
    }
  } catch (error) {
    // What is stored can still be looked at, for example on a read-only disk.
    if (!isAppError(error)) throw error
    cli.warn(`Could not take in what earlier runs left behind: ${error.message}`)
  }
  const owned = opened.move()
  return { ...session, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

async function hasLeftovers({ directory, tracking }: Session): Promise<boolean> {
  return readdirSync(directory.runs).length > 0 || (await tracking.runs.unfinished()).length > 0
}
