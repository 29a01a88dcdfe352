import { basename, join } from 'node:path'
import type { ArtifactRecord } from '@trainyard/contract'
import { createFileStore, listAll, openObject, openObjectStore } from '../objects/index.ts'
import type { PlaceArtifact, ReadArtifact } from '../tracking/index.ts'
import { liesIn } from './empty-trash.ts'
import type { Holdings } from './holdings.ts'

/** Reads the bytes of artifacts for `export`. What lies outside the places of these runs stays where it is, as a reference. */
export function artifactReader(
  session: Pick<Holdings, 'directory' | 'objectContext'>,
  options: { places: readonly string[]; onMissing: (artifact: ArtifactRecord) => void },
): ReadArtifact {
  return async (artifact) => {
    const { target } = artifact
    if (![session.directory.artifacts, ...options.places].some((place) => liesIn(target, place))) return undefined
    const { store, key } = await openObject(target, session.objectContext)
    if (await store.head(key)) return singleFile(async () => (await store.get(key)).stream)
    const folder = await openObjectStore(target, session.objectContext)
    if ((await folder.list({ limit: 1 })).objects.length > 0) return folderFiles(folder)
    options.onMissing(artifact)
    return undefined
  }
}

async function* singleFile(open: () => Promise<AsyncIterable<Uint8Array>>) {
  yield { path: '', body: await open() }
}

async function* folderFiles(store: Awaited<ReturnType<typeof openObjectStore>>) {
  for await (const { key } of listAll(store))
    yield { path: key, body: (await store.get(key)).stream as AsyncIterable<Uint8Array> }
}

/**
 * Where `import` puts bytes: `<artifacts>/<project>/<run id>/<artifact id>/<name>`. The file comes from elsewhere, so nothing in it
 * may name a place outside: names become single folder levels, and the store refuses `..` in paths.
 */
export function artifactPlacer({ directory }: Pick<Holdings, 'directory'>): PlaceArtifact {
  const store = createFileStore({ root: directory.artifacts })
  return async (artifact) => {
    const folder = [artifact.project, artifact.runId ?? 'no-run', artifact.id, basename(artifact.target)]
      .map(folderLevel)
      .join('/')
    return {
      target: join(directory.artifacts, folder),
      async put(path, body) {
        await store.put(path === '' ? folder : `${folder}/${path}`, body)
      },
    }
  }
}

export const folderLevel = (text: string): string =>
  text
    .replaceAll(/[^\p{L}\p{N}._ -]/gu, '_')
    .replace(/^\.+/, '_')
    .slice(0, 100) || '_'
