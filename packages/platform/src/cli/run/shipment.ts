import { isAppError } from '@trainyard/contract'
import type { Cli } from '../cli.ts'
import { isSameServer, readServerNote } from '../server-file.ts'
import { openPlaces } from '../session-places.ts'
import type { Session } from '../session.ts'

/** How long the end of a run waits for a server that is away. */
const patienceMs = 5_000

/**
 * With `TRAINYARD_URL` the run is sent to that server while it works; closing sends the rest. What cannot be sent waits here, and the
 * next command that reaches the server sends it. Undefined when there is nowhere to send it to.
 */
export async function openShipment(cli: Cli, session: Session, runId: string): Promise<AsyncDisposable | undefined> {
  const address = cli.config.remote
  if (address === undefined || isOwn(address.url, session)) return undefined
  const [{ Outbox, RemoteServer, Shipper }, { createRegistry }] = await Promise.all([
    import('../../remote/index.ts'),
    import('../../registry/index.ts'),
  ])
  const remote = new RemoteServer(address)
  const outbox = new Outbox(session.directory.path)
  outbox.add(runId, remote.url)
  const shipper = new Shipper({
    tracking: session.tracking,
    registry: createRegistry(session.database),
    ...(await openPlaces(session)),
    remote,
    outbox,
    onAsked: (id, reason) => void askToStop(session, id, reason),
    onTrouble: (sentence) => cli.warn(sentence),
  })
  const ended = new AbortController()
  const following = shipper.follow(runId, { signal: ended.signal })
  return {
    async [Symbol.asyncDispose]() {
      ended.abort()
      await following
      if ((await shipper.finish(runId, { patienceMs })) !== 'waiting') return
      cli.note(`The run is kept here; the next command that reaches ${remote.url} sends it there.`)
    },
  }
}

/** The server of this very data directory has the records already. */
function isOwn(url: string, session: Session): boolean {
  const own = readServerNote(session.directory.path)?.url
  return own !== undefined && isSameServer(own, url)
}

/** Its supervisor looks at the records every two seconds. */
async function askToStop({ tracking }: Session, runId: string, reason: string): Promise<void> {
  try {
    await tracking.runs.transition(runId, { to: 'aborting', reason, from: ['pending', 'running'] })
  } catch (error) {
    // It has just ended, or is being stopped already.
    if (!isAppError(error)) throw error
  }
}
