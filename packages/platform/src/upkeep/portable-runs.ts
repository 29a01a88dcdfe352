import { basename, join } from 'node:path'
import type { ArtifactRecord, RunRecord } from '@trainyard/contract'
import { createFileStore, listAll, openObject, openObjectStore } from '../objects/index.ts'
import type { ImportOptions, ReadArtifact } from '../tracking/index.ts'
import { liesIn, pathInside } from './empty-trash.ts'
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
 * Where `import` puts what it takes in. A run's folder is `<artifacts>/<project>/<run id>`, and what lay in its folder over there lies at
 * the same path in this one, so that clients find it by its path; what lay elsewhere goes to `<artifact id>/<name>`. The file comes from
 * elsewhere: nothing in it may name a place outside, and the store refuses `..` in paths.
 */
export function portablePlaces({ directory }: Pick<Holdings, 'directory'>): Pick<ImportOptions, 'outPathOf' | 'placeArtifact'> {
  const store = createFileStore({ root: directory.artifacts })
  const folderOf = ({ project, id }: RunRecord): string => `${folderLevel(project)}/${folderLevel(id)}`
  return {
    outPathOf: (run) => join(directory.artifacts, folderOf(run)),
    async placeArtifact(artifact, run) {
      const inner =
        pathInside(artifact.target, run.outPath) ?? `${folderLevel(artifact.id)}/${folderLevel(basename(artifact.target))}`
      const place = `${folderOf(run)}/${inner}`
      return {
        target: join(directory.artifacts, place),
        async put(path, body) {
          await store.put(path === '' ? place : `${place}/${path}`, body)
        },
      }
    },
  }
}

export const folderLevel = (text: string): string =>
  text
    .replaceAll(/[^\p{L}\p{N}._ -]/gu, '_')
    .replace(/^\.+/, '_')
    .slice(0, 100) || '_'
