import { existsSync, mkdirSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { AppError, type ArtifactRecord } from '@trainyard/contract'
import { locateDataDirectory, openDataDirectory } from '../base/data-directory.ts'
import { createPlaces, type ObjectContext } from '../objects/index.ts'
import { createRegistry } from '../registry/index.ts'
import { createRemoteTracking, Outbox, RemoteServer, Shipper } from '../remote/index.ts'
import type { Cli } from './cli.ts'
import type { RemoteAddress } from './config.ts'
import { openPlaces } from './session-places.ts'
import { openSessionIn, type Session } from './session.ts'
import { takeIn } from './take-in.ts'

/** The records of the server that `TRAINYARD_URL` names, once it has been sent what waits here for it. */
export async function openRemoteRecords(cli: Cli, address: RemoteAddress): Promise<Session> {
  const remote = new RemoteServer(address)
  await sendWaiting(cli, remote)
  const objectContext: ObjectContext = { workingDirectory: cli.workingDirectory, environment: cli.config.environment }
  return {
    remote,
    tracking: createRemoteTracking(remote),
    directory: absent(remote.url),
    database: absent(remote.url),
    objectContext,
    places: createPlaces(objectContext),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
}

/** Stands where a command needs the data directory itself: using it says so. */
const absent = (url: string): never =>
  new Proxy(
    {},
    {
      get(_, name) {
        if (typeof name === 'symbol' || name === 'then') return undefined
        throw new AppError(
          'failed_precondition',
          `This command needs the data directory itself and does not work through TRAINYARD_URL (${url}): run it on that server's machine.`,
        )
      },
    },
  ) as never

/** Runs of this data directory that an earlier command could not send, or was killed before it had. */
async function sendWaiting(cli: Cli, remote: RemoteServer): Promise<void> {
  const place = locateDataDirectory({
    workingDirectory: cli.workingDirectory,
    ...(cli.config.dataDirectory === undefined ? {} : { environment: cli.config.dataDirectory }),
  })
  const outbox = new Outbox(place.path)
  const waiting = outbox.list().filter(({ url }) => url === remote.url)
  if (waiting.length === 0 || !existsSync(place.path)) return
  await using session = await openSessionIn(cli, openDataDirectory(place))
  await takeIn(cli, session)
  const shipper = new Shipper({
    tracking: session.tracking,
    registry: createRegistry(session.database),
    ...(await openPlaces(session)),
    remote,
    outbox,
    // Whoever watches the run hears of it too.
    onAsked: () => undefined,
    onTrouble: (sentence) => cli.warn(sentence),
  })
  for (const { runId } of waiting) await shipper.finish(runId, { patienceMs: 0 })
}

interface RemoteFile {
  path: string
  isFolder: boolean
}

/** Copies the bytes of an artifact here, a file or a folder of files; `-` writes a file to stdout. */
export async function fetchRemoteArtifact(
  cli: Cli,
  remote: RemoteServer,
  artifact: ArtifactRecord,
  path: string | undefined,
): Promise<void> {
  const at = `/artifacts/${encodeURIComponent(artifact.id)}`
  const list = async (folder: string): Promise<RemoteFile[]> =>
    (await remote.json<{ files: RemoteFile[] }>('GET', `${at}/files`, { query: folder === '' ? {} : { path: folder } })).files
  const isFolder = (await list('')).length > 0
  if (path === '-') {
    if (isFolder)
      throw new AppError('invalid_argument', `${artifact.key} is a folder and does not fit on standard output: give a path.`)
    for await (const piece of await remote.bytes(`${at}/bytes`)) await cli.write(piece)
    return
  }
  const target = resolve(cli.workingDirectory, path ?? basename(artifact.key))
  if (!isFolder) await writeFile(target, await remote.bytes(`${at}/bytes`))
  for (let folders = isFolder ? [''] : []; folders.length > 0;) {
    const files = await list(folders.shift()!)
    folders = [...folders, ...files.filter((file) => file.isFolder).map((file) => file.path)]
    for (const file of files.filter((each) => !each.isFolder)) {
      mkdirSync(dirname(join(target, file.path)), { recursive: true })
      await writeFile(join(target, file.path), await remote.bytes(`${at}/bytes`, { path: file.path }))
    }
  }
  if (cli.globals.json) return cli.printJson({ path: target })
  await cli.print(target)
}
