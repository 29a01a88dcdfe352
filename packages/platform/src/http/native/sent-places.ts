import { AppError, type RunRecord } from '@trainyard/contract'
import { checkPlainPath } from '../bytes/plain-path.ts'
import type { NativeContext } from './context.ts'

/** Where something lies here that a run on another machine has made. */

export const inBucket = /^(?:s3|gs|gcs|az|abfss?|wasbs?):\/\//

interface Owner {
  model?: string
  trace?: string
}

/** The folder of a run, or of a model or trace that was sent with it. */
export async function placeOfSent(context: NativeContext, run: RunRecord, owner: Owner): Promise<string> {
  const place = owner.model === undefined && owner.trace === undefined ? run.outPath : await findPlaceOfSent(context, run, owner)
  if (place !== undefined) return place
  const what = owner.model === undefined ? `trace ${owner.trace ?? ''}` : `logged model ${owner.model}`
  throw new AppError('not_found', `There is no ${what} of the run ${run.id} here; send its record first.`)
}

/** As `placeOfSent`; undefined for a model or trace that is not known. */
export async function findPlaceOfSent(
  context: NativeContext,
  run: RunRecord,
  { model, trace }: Owner,
): Promise<string | undefined> {
  if (model !== undefined) {
    const found = await context.tracking.loggedModels.find(model)
    return found?.sourceRunId === run.id ? await context.placeOfModel(found) : undefined
  }
  if (trace === undefined) throw new AppError('invalid_argument', 'The query names neither a model nor a trace.')
  const found = await context.traces.find(trace)
  return found?.project === run.project ? await context.placeOfTrace(found) : undefined
}

/** `path` below the folder of the run; without one, bytes that lie elsewhere. */
export const placeInRun = (run: RunRecord, { path, target }: { path: string | null; target: string }): string =>
  path === null ? elsewhere(run, target) : `${run.outPath.replace(/\/+$/, '')}/${checkPlainPath(path)}`

/** Bytes that were not sent. A path of the sender's machine must not mean a file of this one. */
const elsewhere = ({ host }: RunRecord, target: string): string =>
  inBucket.test(target) || /^https?:\/\//.test(target)
    ? target
    : `remote://${encodeURIComponent(host)}/${target.replace(/^\/+/, '')}`
