import type { Readable } from 'node:stream'
import { artifactKindOf } from '../../tracking/index.ts'
import { traceFile } from '../../traces/index.ts'
import { isFromSocket } from '../bytes/is-from-socket.ts'
import type { ProxiedPlace } from './artifact-places.ts'
import type { MlflowContext } from './route.ts'
import { getRun, runDeleted } from './runs.ts'
import { takeTraceFile } from './trace-artifacts.ts'

/** Refuses what could not be stored: files of deleted runs, and places this server does not serve. */
export async function checkOpen(context: MlflowContext, { owner, place }: ProxiedPlace): Promise<void> {
  if (owner.kind === 'run') {
    const run = await getRun(context, owner.id)
    if (run.trashedAtMs !== null) throw runDeleted(run.id)
  }
  await context.places.open(place)
}

/** Stores a file where it belongs, and on the record of its run; spans in a trace's file become spans of that trace. */
export async function storeArtifact(context: MlflowContext, { owner, place, path }: ProxiedPlace, body: Readable): Promise<void> {
  const run = owner.kind === 'run' ? await getRun(context, owner.id) : undefined
  if (run && run.trashedAtMs !== null) throw runDeleted(run.id)
  const store = await context.places.open(place)
  const stored = await store.put(path, body, { ownsPieces: isFromSocket(body) })
  if (owner.kind === 'trace' && path === traceFile) await takeTraceFile(context, owner.id, store)
  if (!run) return
  await context.tracking.artifacts.add({
    runId: run.id,
    project: run.project,
    iteration: run.iteration,
    key: path,
    kind: artifactKindOf(path),
    target: targetOf(place, path),
    sizeBytes: stored.sizeBytes,
    sha256: stored.sha256,
    createdAtMs: context.clock.nowMs(),
  })
}

/** An absolute path on this machine, an address elsewhere. */
const targetOf = (place: string, path: string): string => `${place.replace(/\/+$/, '')}/${path}`
