import type { Transaction } from '../database/index.ts'
import { checkAssessment, putAssessment } from './assessment-records.ts'
import { checkTrace, linkPrompts } from './trace-change.ts'
import { putMetadata, putTexts } from './trace-rows.ts'
import type { TraceImage } from './traces.ts'

type Image = Omit<TraceImage, 'experimentId'>

export function checkImage(trace: Image): void {
  const { clientRequestId, durationMs, requestPreview, responsePreview, ...told } = trace
  checkTrace({
    ...told,
    experimentId: '',
    ...(clientRequestId === null ? {} : { clientRequestId }),
    ...(durationMs === null ? {} : { durationMs }),
    ...(requestPreview === null ? {} : { requestPreview }),
    ...(responsePreview === null ? {} : { responsePreview }),
    assessments: [],
  })
  for (const { rationale, spanId: _, overrides: _overrides, ...assessment } of trace.assessments)
    checkAssessment({ ...assessment, rationale: rationale ?? '' })
}

/** A trace as another place knows it, and nothing that spans say changes it. What was added here (tags, assessments) stays. */
export async function putImage(transaction: Transaction, trace: Image, experiment: number): Promise<number> {
  const told = {
    experiment,
    client_request_id: trace.clientRequestId,
    state: trace.state,
    started_at: trace.startedAtMs,
    duration: trace.durationMs,
    request_preview: trace.requestPreview,
    response_preview: trace.responsePreview,
    is_told: 1,
  }
  const { number } = await transaction.kysely
    .insertInto('traces')
    .values({ id: trace.id, ...told })
    .onConflict((conflict) => conflict.column('id').doUpdateSet(told))
    .returning('number')
    .executeTakeFirstOrThrow()
  await putTexts(transaction, 'trace_tags', number, trace.tags)
  await putMetadata(transaction, number, trace.metadata)
  for (const assessment of trace.assessments) await putAssessment(transaction, { id: trace.id, number }, assessment)
  await linkPrompts(transaction, trace.id, trace.prompts)
  return number
}
