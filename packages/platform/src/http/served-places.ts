import { existsSync, realpathSync } from 'node:fs'
import { dirname, join, relative, resolve, sep, isAbsolute } from 'node:path'
import { AppError } from '@trainyard/contract'
import {
  type ObjectAddress,
  type ObjectContext,
  type ObjectStore,
  openObject,
  openObjectStore,
  parseObjectUrl,
} from '../objects/index.ts'

/**
 * The places this server reads and writes for others: buckets, and folders of this machine below its roots. A record may name any
 * path there is; that alone must not hand out the machine's files. `permission_denied` for everything else, links included.
 */
export interface ServedPlaces {
  /** The store of a folder. */
  folder(place: string): Promise<ObjectStore>
  object(target: string): Promise<ObjectAddress>
  isServed(place: string): boolean
  /** Adds a folder that this machine's own program has chosen, not a record from elsewhere. */
  allow(place: string): void
}

export function createServedPlaces(options: { objects: ObjectContext; roots: readonly string[] }): ServedPlaces {
  const { objects } = options
  const roots = new Set(
    options.roots
      .filter((root) => !/^[a-z][a-z0-9+.-]+:\/\//i.test(root))
      .map((root) => realOf(resolve(objects.workingDirectory, root))),
  )
  const isInside = (path: string): boolean => roots.values().some((root) => contains(root, path))
  const refusal = (place: string): string | undefined => {
    const url = parseObjectUrl(place, objects)
    if (url.scheme === 'http' || url.scheme === 'store')
      return 'These bytes lie elsewhere and this server fetches nothing for others; ask their own address.'
    if (url.scheme === 'file' && !isInside(realOf(url.path)))
      return 'These files lie outside the folders this server serves; whoever runs it adds a folder with: trainyard up --artifact-root <folder>'
    return undefined
  }
  const check = (place: string): void => {
    const sentence = refusal(place)
    if (sentence !== undefined) throw new AppError('permission_denied', sentence)
  }
  return {
    allow(place) {
      const url = parseObjectUrl(place, objects)
      if (url.scheme !== 'file') return
      // Most lie below a root: one for each run would be looked through for each file.
      const path = realOf(url.path)
      if (!isInside(path)) roots.add(path)
    },
    isServed: (place) => refusal(place) === undefined,
    folder: async (place) => {
      check(place)
      return await openObjectStore(place, objects)
    },
    object: async (target) => {
      check(target)
      return await openObject(target, objects)
    },
  }
}

/** With every link on the way resolved, as far as the path exists. */
function realOf(path: string): string {
  for (let known = path; ; known = dirname(known)) {
    if (existsSync(known)) return join(realpathSync(known), relative(known, path))
    if (dirname(known) === known) return path
  }
}

function contains(root: string, path: string): boolean {
  const inner = relative(root, path)
  return inner === '' || (inner !== '..' && !inner.startsWith(`..${sep}`) && !isAbsolute(inner))
}
