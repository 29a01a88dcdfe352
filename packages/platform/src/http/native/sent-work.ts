import { AppError, fromWireNumber, type RunRecord } from '@trainyard/contract'
import { listAll } from '../../objects/index.ts'
import { readSpan } from '../../traces/index.ts'
import { checkPlainPath } from '../bytes/plain-path.ts'
import type { SomeHandlers } from './bound-operation.ts'
import type { NativeContext } from './context.ts'

/** Logged models, traces and files of runs that work on other machines. */
export const sentWorkHandlers: SomeHandlers<
  'sendFile' | 'listSentFiles' | 'sendModel' | 'sendModelUses' | 'sendTraces' | 'findLackingTraces'
> = {
  sendFile: async (context, { path, query: { path: inner, ...owner }, raw }) => {
    const run = await context.tracking.runs.get(path.run)
    const store = await context.served.folder(await placeOfSent(context, run, owner))
    const { sizeBytes, sha256 } = await store.put(checkPlainPath(inner), raw.raw)
    return { sizeBytes, sha256: sha256 ?? null }
  },
  listSentFiles: async (context, { path, query }) => {
    const run = await context.tracking.runs.get(path.run)
    const place = await findPlace(context, run, query)
    const files: { path: string; sizeBytes: number | null }[] = []
    if (place === undefined) return { files }
    for await (const { key, sizeBytes } of listAll(await context.served.folder(place)))
      files.push({ path: key, sizeBytes: sizeBytes ?? null })
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

interface Owner {
  model?: string
  trace?: string
}

/** The folder of a run, or of a model or trace that was sent with it. */
export async function placeOfSent(context: NativeContext, run: RunRecord, owner: Owner): Promise<string> {
  const place = owner.model === undefined && owner.trace === undefined ? run.outPath : await findPlace(context, run, owner)
  if (place !== undefined) return place
  const what = owner.model === undefined ? `trace ${owner.trace ?? ''}` : `logged model ${owner.model}`
  throw new AppError('not_found', `There is no ${what} of the run ${run.id} here; send its record first.`)
}

async function findPlace(context: NativeContext, run: RunRecord, { model, trace }: Owner): Promise<string | undefined> {
  if (model !== undefined) {
    const found = await context.tracking.loggedModels.find(model)
    return found?.sourceRunId === run.id ? await context.placeOfModel(found) : undefined
  }
  if (trace === undefined) throw new AppError('invalid_argument', 'The query names neither a model nor a trace.')
  const found = await context.traces.find(trace)
  return found?.project === run.project ? await context.placeOfTrace(found) : undefined
}
