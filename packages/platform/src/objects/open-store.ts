import { realpath } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { AppError } from '@trainyard/contract'
import type { Fetch } from '../base/guarded-fetch.ts'
import { fileError, isMissing } from './file-place.ts'
import { createFileStore } from './file-store.ts'
import { createHttpStore } from './http-store.ts'
import { createMemoryStore } from './memory-store.ts'
import { joinKey } from './object-key.ts'
import type { ObjectStore } from './object-store.ts'
import { type ObjectUrl, parseObjectUrl, shortened } from './object-url.ts'

export interface ObjectContext {
  /** Relative paths count from here. */
  workingDirectory: string
  /** Endpoints and regions of clouds come from here; credentials too, where the vendor's package reads them itself. */
  environment: Readonly<Record<string, string | undefined>>
  /** Where unfinished uploads are remembered, so that a killed one goes on. */
  resumeDirectory?: string
  /** How web addresses are read; `fetch` unless given. */
  fetch?: Fetch
  /** Turns a `store://` address into one of the others. Without it such addresses are refused. */
  resolveStoreUrl?: (url: string) => Promise<string>
}

export interface ObjectAddress {
  store: ObjectStore
  key: string
}

type Scheme = Exclude<ObjectUrl['scheme'], 'store'>
type UrlOf<S extends Scheme> = Extract<ObjectUrl, { scheme: S }>
type BucketScheme = 's3' | 'gs' | 'az' | 'memory'
type PlaceOf = { bucket: string; key: string }

interface Driver<S extends Scheme> {
  /** A store whose keys count from the address. */
  folder(url: UrlOf<S>, context: ObjectContext): Promise<ObjectStore>
  /** One object. Fails with `invalid_argument` when the address names a whole bucket. */
  object(url: UrlOf<S>, context: ObjectContext): Promise<ObjectAddress>
}

/** The rows of buckets. Heavy drivers are loaded when their scheme is first used. */
function bucketDriver<S extends BucketScheme>(
  scheme: S,
  open: (place: { bucket: string; prefix: string }, context: ObjectContext) => Promise<ObjectStore>,
): Driver<S> {
  return {
    folder: ({ bucket, key }: PlaceOf, context) => open({ bucket, prefix: key.replace(/\/+$/, '') }, context),
    async object({ bucket, key }: PlaceOf, context) {
      if (key === '')
        throw new AppError('invalid_argument', `${scheme}://${bucket} names no object; write ${scheme}://${bucket}/key.`)
      return { store: await open({ bucket, prefix: '' }, context), key }
    },
  }
}

const memory = new Map<string, ObjectStore>()

/** What exists: one row per scheme. */
const drivers: { [S in Scheme]: Driver<S> } = {
  file: {
    folder: async ({ path }) => createFileStore({ root: path }),
    async object({ path }) {
      // A link named by the user is followed, here and only here: the store itself follows none.
      const real = await realPathOf(path)
      return { store: createFileStore({ root: dirname(real) }), key: basename(real) }
    },
  },
  http: {
    folder: async ({ url }, { fetch }) =>
      createHttpStore({
        ...(fetch === undefined ? {} : { fetch }),
        addressOf: (key) => new URL(key.split('/').map(encodeURIComponent).join('/'), url.href.replace(/\/*$/, '/')),
      }),
    object: async ({ url }, { fetch }) => ({
      store: createHttpStore({ addressOf: () => url, ...(fetch === undefined ? {} : { fetch }) }),
      key: lastPartOf(url),
    }),
  },
  s3: bucketDriver('s3', async ({ bucket, prefix }, { environment, resumeDirectory }) => {
    const { createS3Store } = await import('./s3/s3-store.ts')
    return createS3Store({ bucket, prefix, environment, ...(resumeDirectory ? { resumeDirectory } : {}) })
  }),
  gs: bucketDriver('gs', async ({ bucket, prefix }, { environment }) => {
    const { createGoogleStore } = await import('./google-store.ts')
    return createGoogleStore({ bucket, prefix, environment })
  }),
  az: bucketDriver('az', async ({ bucket, prefix }, { environment }) => {
    const { createAzureStore } = await import('./azure-store.ts')
    return createAzureStore({ container: bucket, prefix, environment })
  }),
  memory: bucketDriver('memory', async ({ bucket, prefix }) => {
    const name = joinKey(bucket, prefix)
    const store = memory.get(name) ?? createMemoryStore({ name })
    memory.set(name, store)
    return store
  }),
}

/** A store whose keys count from `url`, a folder: `openObjectStore('s3://bucket/models')`. Nothing is read or made yet. */
export async function openObjectStore(url: string, context: ObjectContext): Promise<ObjectStore> {
  const parsed = await parseAndResolve(url, context)
  return driverOf(parsed).folder(parsed, context)
}

/** The store and key of one object: `openObject('data/iris.csv')`. The object need not exist. */
export async function openObject(url: string, context: ObjectContext): Promise<ObjectAddress> {
  const parsed = await parseAndResolve(url, context)
  return driverOf(parsed).object(parsed, context)
}

// Each row takes the URLs of its own scheme, which a lookup by a union of schemes cannot express.
const driverOf = (url: Exclude<ObjectUrl, { scheme: 'store' }>): Driver<Scheme> => drivers[url.scheme] as Driver<Scheme>

async function parseAndResolve(url: string, context: ObjectContext): Promise<Exclude<ObjectUrl, { scheme: 'store' }>> {
  const parsed = parseObjectUrl(url, context)
  if (parsed.scheme !== 'store') return parsed
  if (!context.resolveStoreUrl) {
    throw new AppError(
      'invalid_argument',
      `${shortened(url)} names an artifact of a project, and no project's artifacts are at hand here.`,
    )
  }
  const target = await context.resolveStoreUrl(url)
  const resolved = parseObjectUrl(target, context)
  if (resolved.scheme === 'store')
    throw new AppError('internal', `${shortened(url)} leads to ${shortened(target)}, which is a store:// address again.`)
  return resolved
}

async function realPathOf(path: string): Promise<string> {
  try {
    return await realpath(path)
  } catch (error) {
    if (isMissing(error)) return path
    throw fileError(`Cannot reach ${path}`, error)
  }
}

/** The file's name in a web address, or `index` where there is none; used as the object's key. */
function lastPartOf(url: URL): string {
  const part = url.pathname.split('/').at(-1) ?? ''
  try {
    const name = decodeURIComponent(part).replaceAll('/', '_')
    return name === '' || name === '.' || name === '..' ? 'index' : name
  } catch {
    // Not percent-encoded as the standard says; the raw text serves as well.
    return part
  }
}
