import { AppError } from '@trainyard/contract'
import type { Transaction } from '../database/index.ts'
import { addAssessments } from './assessment-records.ts'
import { checkText, checkTexts, checkTraceId } from './trace-names.ts'
import { getExperimentNumber, getTraceNumber, putMetadata, putTexts, traceNumbers } from './trace-rows.ts'
import type { NewTrace, TraceSelection } from './traces.ts'

const deletedAtOnce = 500

export function checkTrace(trace: NewTrace): void {
  checkTraceId(trace.id)
  if (!Number.isSafeInteger(trace.startedAtMs) || !Number.isSafeInteger(trace.durationMs ?? 0))
    throw new AppError('invalid_argument', `The times of the trace '${trace.id}' are no whole milliseconds.`)
  checkTexts('tag', trace.tags ?? {})
  checkTexts('metadata', trace.metadata ?? {})
  checkText('id of the request', trace.clientRequestId ?? '')
  checkText('preview of the request', trace.requestPreview ?? '')
  checkText('preview of the response', trace.responsePreview ?? '')
}

/** See `Traces.put`. */
export async function putTrace(transaction: Transaction, trace: NewTrace, nowMs: number): Promise<number> {
  const experiment = await getExperimentNumber(transaction, trace.experimentId)
  const told = {
    experiment,
    client_request_id: trace.clientRequestId ?? null,
    state: trace.state,
    started_at: trace.startedAtMs,
    duration: trace.durationMs ?? null,
    is_told: 1,
    ...(trace.requestPreview === undefined ? {} : { request_preview: trace.requestPreview }),
    ...(trace.responsePreview === undefined ? {} : { response_preview: trace.responsePreview }),
  }
  const { number } = await transaction.kysely
    .insertInto('traces')
    .values({ id: trace.id, request_preview: null, response_preview: null, ...told })
    .onConflict((conflict) => conflict.column('id').doUpdateSet(told))
    .returning('number')
    .executeTakeFirstOrThrow()
  await putTexts(transaction, 'trace_tags', number, trace.tags ?? {})
  await putMetadata(transaction, number, trace.metadata ?? {})
  if (trace.assessments) await addAssessments(transaction, { id: trace.id, number }, trace.assessments, nowMs)
  return number
}

export async function setTags(
  transaction: Transaction,
  id: string,
  tags: Readonly<Record<string, string | null>>,
): Promise<void> {
  const trace = await getTraceNumber(transaction, id)
  const kept: Record<string, string> = Object.create(null)
  for (const [key, value] of Object.entries(tags)) {
    if (value !== null) {
      kept[key] = value
      continue
    }
    const query = transaction.kysely.deleteFrom('trace_tags').where('trace', '=', trace).where('key', '=', key)
    const { numDeletedRows } = await query.executeTakeFirstOrThrow()
    if (numDeletedRows === 0n)
      throw new AppError('not_found', `The trace '${id}' has no tag '${key}'.`, { details: { record: 'tag', id, key } })
  }
  await putTexts(transaction, 'trace_tags', trace, kept)
}

export async function removeTraces(transaction: Transaction, selection: TraceSelection): Promise<string[]> {
  const { kysely } = transaction
  if (!/^\d{1,15}$/.test(selection.experimentId)) return []
  let of = kysely.selectFrom('traces').select(['number', 'id']).where('experiment', '=', Number(selection.experimentId))
  if ('ids' in selection) of = of.where('id', 'in', selection.ids)
  else {
    of = of.where('started_at', '<=', selection.untilMs).orderBy('started_at').orderBy('id')
    if (selection.limit !== undefined) of = of.limit(selection.limit)
  }
  const rows = await of.execute()
  for (let at = 0; at < rows.length; at += deletedAtOnce) {
    const numbers = rows.slice(at, at + deletedAtOnce).map(({ number }) => number)
    await kysely.deleteFrom('traces').where('number', 'in', numbers).execute()
  }
  return rows.map(({ id }) => id)
}

export async function linkToRun(transaction: Transaction, ids: readonly string[], runId: string): Promise<void> {
  const { kysely } = transaction
  const run = await kysely.selectFrom('runs').select('number').where('id', '=', runId).executeTakeFirst()
  if (!run)
    throw new AppError('not_found', `There is no run '${runId.slice(0, 100)}'.`, { details: { record: 'run', id: runId } })
  const known = await traceNumbers(transaction, ids)
  const rows = Array.from(known.values(), (trace) => [trace, run.number])
  await transaction.insertRows('trace_runs', ['trace', 'run'], rows, { onConflict: 'ignore' })
}

export async function linkPrompts(transaction: Transaction, id: string, prompts: readonly string[]): Promise<void> {
  const trace = await getTraceNumber(transaction, id)
  for (const prompt of prompts) checkText('name of a prompt', prompt)
  const rows = prompts.map((prompt) => [trace, prompt])
  await transaction.insertRows('trace_prompts', ['trace', 'prompt'], rows, { onConflict: 'ignore' })
}
