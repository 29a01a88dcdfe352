import { listAll, objectHash, type ObjectStore } from '../objects/index.ts'
import type { LoggedModelRecord } from '../tracking/index.ts'
import type { TraceRecord } from '../traces/index.ts'
import type { RemoteServer } from './remote-server.ts'

/** Where files of models and traces lie on this machine. */
export interface SentPlaces {
  ofModel(model: Pick<LoggedModelRecord, 'id' | 'project' | 'experimentId'>): Promise<string>
  ofTrace(trace: Pick<TraceRecord, 'id' | 'project' | 'experimentId'>): Promise<string>
  open(place: string): Promise<ObjectStore>
}

/** Whose files they are. */
export type FileOwner = { model: string } | { trace: string }

interface ThereFile {
  path: string
  sizeBytes: number | null
  /** Of what was sent, as long as its size is still that. */
  sha256: string | null
}

/** Files of a folder of this machine that the server lacks, or has with other bytes. */
export async function lackingFiles(
  store: ObjectStore,
  { remote, runId, owner }: { remote: RemoteServer; runId: string; owner: FileOwner },
): Promise<string[]> {
  const here: { path: string; sizeBytes: number | null }[] = []
  for await (const { key, sizeBytes } of listAll(store)) here.push({ path: key, sizeBytes: sizeBytes ?? null })
  if (here.length === 0) return []
  const { files } = await remote.json<{ files: ThereFile[] }>('GET', `/runs/${runId}/files/sent`, { query: { ...owner } })
  const there = new Map(files.map((file) => [file.path, file]))
  const lacking: string[] = []
  for (const { path, sizeBytes } of here) {
    const known = there.get(path)
    const isThere = known?.sizeBytes === sizeBytes && known.sha256 !== null && known.sha256 === (await objectHash(store, path))
    if (!isThere) lacking.push(path)
  }
  return lacking
}

export async function sendFiles(
  store: ObjectStore,
  paths: readonly string[],
  { remote, runId, owner }: { remote: RemoteServer; runId: string; owner: FileOwner },
): Promise<void> {
  for (const path of paths) {
    const { stream } = await store.get(path)
    await remote.upload(`/runs/${runId}/files/bytes`, stream, { method: 'PUT', query: { path, ...owner } })
  }
}
