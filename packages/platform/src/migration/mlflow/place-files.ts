import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { AppError } from '@trainyard/contract'
import { listAll, type ObjectContext, openObjectStore } from '../../objects/index.ts'
import type { FileOwner, SourceFile } from '../source.ts'

export interface PlaceOptions {
  objects: ObjectContext
  /** What `mlflow-artifacts:/` stands for: the folder or bucket that the server was started with as `--artifacts-destination`. */
  artifacts: string | undefined
  /** Folders that may hold what has moved from its old address, for example beside the database. */
  nearby: (owner: FileOwner) => readonly string[]
}

/** Files of a run, a model or a version where nobody serves them: local folders and buckets, read directly. */
export async function* readPlace(owner: FileOwner, options: PlaceOptions): AsyncGenerator<SourceFile> {
  const place = placeOf(owner, options)
  if (place === undefined) return
  const store = await openObjectStore(place, options.objects)
  for await (const { key, sizeBytes } of listAll(store))
    yield {
      path: key,
      sizeBytes,
      open: async () => (await store.get(key)).stream as AsyncIterable<Uint8Array>,
    }
}

/** Undefined for a local folder that was never made, as that of a run without artifacts. */
function placeOf(owner: FileOwner, { artifacts, nearby }: PlaceOptions): string | undefined {
  const uri = owner.artifactUri
  const proxied = /^mlflow-artifacts:(?:\/\/[^/]*)?\/*(.*)$/.exec(uri)?.[1]
  if (proxied !== undefined && artifacts !== undefined) return below(artifacts, proxied)
  const local = localPath(uri)
  if (proxied === undefined && local === undefined) return uri
  const found = [...(local === undefined ? [] : [local]), ...nearby(owner)].find((path) => existsSync(path))
  if (found !== undefined || proxied === undefined) return found
  throw new AppError(
    'failed_precondition',
    `${uri} stands for a place that only its server knows. Say which with --artifacts: the folder or bucket the server has as --artifacts-destination.`,
  )
}

const below = (root: string, path: string): string =>
  /^[a-z][a-z0-9+.-]+:/i.test(root) ? `${root.replace(/\/+$/, '')}/${path}` : join(root, path)

function localPath(uri: string): string | undefined {
  if (!/^[a-z][a-z0-9+.-]+:/i.test(uri)) return uri
  if (!uri.startsWith('file:')) return undefined
  try {
    return fileURLToPath(uri)
  } catch {
    // `file:relative/path`, as old clients wrote it.
    return uri.slice('file:'.length)
  }
}
