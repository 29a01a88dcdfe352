import { existsSync, statSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { AppError } from '@trainyard/contract'
import { downloadDirectory, downloadObject, hasFolders, openObject, openObjectStore, parseObjectUrl } from '../objects/index.ts'
import type { Cli } from './cli.ts'
import { formatBytes } from './output/format.ts'
import type { Session } from './session.ts'

/**
 * Copies the object or folder at `url` to a local path, whole or not at all; `-` writes an object to stdout. Prints the path, and
 * the size on stderr. An existing folder as `path` means: into it, under the object's own name.
 */
export async function fetchObject(
  cli: Cli,
  session: Pick<Session, 'objectContext'>,
  url: string,
  path: string | undefined,
): Promise<void> {
  const address = await openObject(url, session.objectContext)
  const info = await address.store.head(address.key)
  const isFolder = info === undefined && (await hasObjects(url, session))
  if (info === undefined && !isFolder) throw new AppError('not_found', `There is nothing at ${url}.`)

  if (path === '-') {
    if (isFolder) throw new AppError('invalid_argument', `${url} is a folder and does not fit on standard output: give a path.`)
    const { stream } = await address.store.get(address.key)
    for await (const chunk of stream) await cli.write(chunk as Uint8Array)
    return
  }
  const target = targetPath(cli.workingDirectory, path, basename(address.key) || 'object')
  const { sizeBytes } = isFolder
    ? await downloadDirectory(await openObjectStore(url, session.objectContext), '', target)
    : await downloadObject(address, target)
  if (cli.globals.json) return cli.printJson({ path: target, sizeBytes })
  await cli.print(target)
  return cli.note(cli.errorStyle.dim(formatBytes(sizeBytes)))
}

async function hasObjects(url: string, session: Pick<Session, 'objectContext'>): Promise<boolean> {
  if (!hasFolders(parseObjectUrl(url, session.objectContext))) return false
  const store = await openObjectStore(url, session.objectContext)
  const page = await store.list({ limit: 1 })
  return page.objects.length > 0
}

function targetPath(workingDirectory: string, path: string | undefined, name: string): string {
  if (path === undefined) return join(workingDirectory, name)
  const target = resolve(workingDirectory, path)
  return existsSync(target) && statSync(target).isDirectory() ? join(target, name) : target
}
