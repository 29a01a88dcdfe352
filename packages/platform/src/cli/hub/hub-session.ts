import { dirname, join } from 'node:path'
import { isAppError } from '@trainyard/contract'
import { createDefinitions } from '../../definitions/index.ts'
import { environmentCacheDirectory } from '../../execution/environments/index.ts'
import { createHub, type Hub } from '../../hub/index.ts'
import type { Cli } from '../cli.ts'
import { openSession, type Session } from '../session.ts'

/** The hubs of the data directory, or, where there is none, those that are always there. */
export async function openHub(cli: Cli, options: { create?: boolean } = {}): Promise<{ hub: Hub } & AsyncDisposable> {
  const session = await sessionUnlessMissing(cli, options.create === true)
  const hub = createHub({
    ...(session === undefined ? {} : { definitions: createDefinitions(session.database, { clock: { nowMs: cli.nowMs } }) }),
    sources: {
      objects: { workingDirectory: cli.workingDirectory, environment: cli.config.environment },
      cacheFolder: join(dirname(environmentCacheDirectory(cli.config.environment)), 'sources'),
      allowLocal: true,
      allowPrivate: true,
      environment: cli.config.environment,
      onNote: (line) => cli.note(line),
      signal: cli.signal,
    },
  })
  return { hub, [Symbol.asyncDispose]: async () => session?.[Symbol.asyncDispose]() }
}

async function sessionUnlessMissing(cli: Cli, create: boolean): Promise<Session | undefined> {
  try {
    return await openSession(cli, { create })
  } catch (error) {
    if (isAppError(error, 'not_found')) return undefined
    throw error
  }
}
