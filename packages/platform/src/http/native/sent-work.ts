import { AppError, fromWireNumber } from '@trainyard/contract'
import { listAll } from '../../objects/index.ts'
import { readSpan } from '../../traces/index.ts'
import { isFromSocket } from '../bytes/is-from-socket.ts'
import { checkPlainPath } from '../bytes/plain-path.ts'
import type { SomeHandlers } from './bound-operation.ts'
import { findPlaceOfSent, placeOfSent } from './sent-places.ts'

/** Logged models, traces and files of runs that work on other machines. */
export const sentWorkHandlers: SomeHandlers<
  'sendFile' | 'listSentFiles' | 'sendModel' | 'sendModelUses' | 'sendTraces' | 'findLackingTraces'
> = {
  sendFile: async (context, { path, query: { path: inner, ...owner }, raw }) => {
    const run = await context.tracking.runs.get(path.run)
    const store = await context.served.folder(await placeOfSent(context, run, owner))
    const key = checkPlainPath(inner)
    const file = { path: key, ...(await store.put(key, raw.raw, { ownsPieces: isFromSocket(raw.raw) })) }
    const { model, trace } = owner
    if (model !== undefined) await context.tracking.sentFiles.keep({ kind: 'model', id: model }, file)
    else if (trace !== undefined) await context.tracking.sentFiles.keep({ kind: 'trace', id: trace }, file)
    return { sizeBytes: file.sizeBytes, sha256: file.sha256 }
  },
  listSentFiles: async (context, { path, query }) => {
    const run = await context.tracking.runs.get(path.run)
    const place = await findPlaceOfSent(context, run, query)
    const files: { path: string; sizeBytes: number | null; sha256: string | null }[] = []
    if (place === undefined) return { files }
    const { model: id, trace } = query
    const kept = await context.tracking.sentFiles.of(id === undefined ? { kind: 'trace', id: trace! } : { kind: 'model', id })
    const sent = new Map(kept.map((file) => [file.path, file]))
    for await (const { key, sizeBytes = null } of listAll(await context.served.folder(place))) {
      const known = sent.get(key)
      // Somebody has put another one there since.
      files.push({ path: key, sizeBytes, sha256: known?.sizeBytes === sizeBytes ? known.sha256 : null })
    }
    return { files }
  },
  sendModel: async ({ tracking }, { path, body: { revision, ...image } }) => {
    const { project } = await tracking.runs.get(path.run)
    if (!/^m-[0-9a-f]{32}$/.test(path.model))
      throw new AppError('invalid_argument', `The id of a logged model is m- and 32 digits, not '${path.model.slice(0, 80)}'.`)
    await tracking.shippedModels.put(path.run, { ...image, id: path.model, project }, { revision })
    return {}
  },
  sendModelUses: async ({ tracking }, { path, body: { links, points } }) => {
    const measured = points.map(({ value, ...point }) => ({ ...point, value: fromWireNumber(value) ?? Number.NaN }))
    return { missing: await tracking.shippedModels.use(path.run, { links, points: measured }) }
  },
  sendTraces: async (context, { path, body: { revision, traces } }) => {
    const { project } = await context.tracking.runs.get(path.run)
    const experiments = new Map<string, string>()
    for (const { experiment, spans, ...parcel } of traces) {
      const experimentId = experiments.get(experiment) ?? (await context.tracking.experiments.ensure(project, experiment))
      experiments.set(experiment, experimentId)
      const given = { ...parcel, spans: spans.map(readSpan) }
      await context.traces.shipped.put(given, { runId: path.run, experimentId, revision })
    }
    return {}
  },
  findLackingTraces: async ({ tracking, traces }, { path, body: { digests } }) => {
    await tracking.runs.get(path.run)
    const ids = Object.keys(digests)
    const known = await traces.shipped.digests(path.run, ids)
    return { lacking: ids.filter((id) => known.get(id) !== digests[id]) }
  },
}
