import { randomUUID } from 'node:crypto'
import { AppError, type JsonValue } from '@trainyard/contract'
import type { Clock } from '../base/clock.ts'
import type { Database, Reader, Transaction } from '../database/index.ts'
import { checkText, checkTexts } from './trace-names.ts'
import { getTraceNumber } from './trace-rows.ts'
import type { AssessmentKind, AssessmentPatch, AssessmentRecord, Assessments, NewAssessment } from './traces.ts'

const noAssessment = (trace: string, id: string): AppError =>
  new AppError('not_found', `The trace '${trace}' has no assessment '${id.slice(0, 100)}'.`, {
    details: { record: 'assessment', trace, id },
  })

export function createAssessmentRecords(database: Database, clock: Clock): Assessments {
  return {
    create: async (traceId, assessment) => {
      checkAssessment(assessment)
      return await database.write(async (transaction) => {
        const number = await getTraceNumber(transaction, traceId)
        const [id] = await addAssessments(transaction, { id: traceId, number }, [assessment], clock.nowMs())
        return await getAssessment(transaction, traceId, id!)
      })
    },
    get: (traceId, id) => database.read((reader) => getAssessment(reader, traceId, id)),
    update: (traceId, id, patch) =>
      database.write(async (transaction) => {
        const before = await getAssessment(transaction, traceId, id)
        await updateAssessment(transaction, before, patch, clock.nowMs())
        return await getAssessment(transaction, traceId, id)
      }),
    delete: (traceId, id) => database.write((transaction) => deleteAssessment(transaction, traceId, id)),
  }
}

export function checkAssessment({ name, value, rationale, metadata, source }: NewAssessment): void {
  if (name === '') throw new AppError('invalid_argument', 'The name of the assessment is empty; give it one.')
  checkText('name of the assessment', name)
  checkText('value of the assessment', JSON.stringify(value))
  checkText('rationale of the assessment', rationale ?? '')
  checkText('source of the assessment', source.id)
  checkTexts('metadata', metadata ?? {})
}

/** Their new ids, in the order given. */
export async function addAssessments(
  transaction: Transaction,
  trace: { id: string; number: number },
  assessments: readonly NewAssessment[],
  nowMs: number,
): Promise<string[]> {
  const { kysely } = transaction
  const ids: string[] = []
  for (const assessment of assessments) {
    if (assessment.overrides !== undefined) await overrule(transaction, trace, assessment.overrides)
    const id = `a-${randomUUID().replaceAll('-', '')}`
    ids.push(id)
    await kysely
      .insertInto('assessments')
      .values({
        id,
        trace: trace.number,
        kind: assessment.kind,
        name: assessment.name,
        source_type: assessment.source.type,
        source_id: assessment.source.id,
        span_id: assessment.spanId ?? null,
        value: JSON.stringify(assessment.value),
        number_value: toNumber(assessment.value),
        error: assessment.error === undefined ? null : JSON.stringify(assessment.error),
        rationale: assessment.rationale ?? null,
        metadata: JSON.stringify(assessment.metadata ?? {}),
        overrides: assessment.overrides ?? null,
        is_valid: 1,
        created_at: assessment.createdAtMs ?? nowMs,
        updated_at: assessment.updatedAtMs ?? nowMs,
      })
      .execute()
  }
  return ids
}

/** One of another machine, under the id it has there. */
export async function putAssessment(
  { kysely }: Transaction,
  trace: { id: string; number: number },
  assessment: AssessmentRecord,
): Promise<void> {
  const { id } = assessment
  const known = await kysely.selectFrom('assessments').select('trace').where('id', '=', id).executeTakeFirst()
  if (known && known.trace !== trace.number)
    throw new AppError('already_exists', `There is an assessment '${id}' here, of another trace than '${trace.id}'.`, {
      details: { record: 'assessment', trace: trace.id, id },
    })
  const values = {
    trace: trace.number,
    kind: assessment.kind,
    name: assessment.name,
    source_type: assessment.source.type,
    source_id: assessment.source.id,
    span_id: assessment.spanId,
    value: JSON.stringify(assessment.value),
    number_value: toNumber(assessment.value),
    error: encode(assessment.error),
    rationale: assessment.rationale,
    metadata: JSON.stringify(assessment.metadata),
    overrides: assessment.overrides,
    is_valid: assessment.isValid ? 1 : 0,
    created_at: assessment.createdAtMs,
    updated_at: assessment.updatedAtMs,
  }
  if (known) await kysely.updateTable('assessments').set(values).where('id', '=', id).execute()
  else
    await kysely
      .insertInto('assessments')
      .values({ id, ...values })
      .execute()
}

const toNumber = (value: JsonValue): number | null => (typeof value === 'number' ? value : null)

async function overrule({ kysely }: Transaction, trace: { id: string; number: number }, id: string): Promise<void> {
  const query = kysely.updateTable('assessments').set({ is_valid: 0 }).where('trace', '=', trace.number).where('id', '=', id)
  const { numUpdatedRows } = await query.executeTakeFirstOrThrow()
  if (numUpdatedRows === 0n) throw noAssessment(trace.id, id)
}

async function getAssessment(reader: Reader, traceId: string, id: string): Promise<AssessmentRecord> {
  const trace = await getTraceNumber(reader, traceId)
  const row = await reader.kysely
    .selectFrom('assessments')
    .selectAll()
    .where('trace', '=', trace)
    .where('id', '=', id)
    .executeTakeFirst()
  if (!row) throw noAssessment(traceId, id)
  return toAssessment(row, traceId)
}

interface AssessmentRow {
  id: string
  kind: string
  name: string
  source_type: string
  source_id: string
  span_id: string | null
  value: string
  error: string | null
  rationale: string | null
  metadata: string
  overrides: string | null
  is_valid: number
  created_at: number
  updated_at: number
}

export const toAssessment = (row: AssessmentRow, traceId: string): AssessmentRecord => ({
  id: row.id,
  traceId,
  kind: row.kind as AssessmentKind,
  name: row.name,
  source: { type: row.source_type, id: row.source_id },
  value: JSON.parse(row.value) as JsonValue,
  error: row.error === null ? null : (JSON.parse(row.error) as JsonValue),
  rationale: row.rationale,
  metadata: JSON.parse(row.metadata) as Record<string, string>,
  spanId: row.span_id,
  overrides: row.overrides,
  isValid: row.is_valid === 1,
  createdAtMs: row.created_at,
  updatedAtMs: row.updated_at,
})

async function updateAssessment(
  { kysely }: Transaction,
  before: AssessmentRecord,
  patch: AssessmentPatch,
  nowMs: number,
): Promise<void> {
  if (patch.kind !== undefined && patch.kind !== before.kind)
    throw new AppError(
      'invalid_argument',
      `The assessment '${before.id}' is of kind ${before.kind}; it cannot become ${patch.kind}.`,
      {
        details: { record: 'assessment', rule: 'kind', kind: before.kind, wanted: patch.kind },
      },
    )
  const after = { ...before, ...patch, metadata: { ...before.metadata, ...patch.metadata } }
  checkAssessment({ ...after, rationale: after.rationale ?? '', overrides: '', spanId: '' })
  await kysely
    .updateTable('assessments')
    .set({
      name: after.name,
      value: JSON.stringify(after.value),
      number_value: toNumber(after.value),
      // A new value has an error of its own, or none.
      error: patch.value === undefined ? encode(before.error) : encode(patch.error ?? null),
      rationale: after.rationale,
      metadata: JSON.stringify(after.metadata),
      is_valid: after.isValid ? 1 : 0,
      updated_at: nowMs,
    })
    .where('id', '=', before.id)
    .execute()
}

const encode = (value: JsonValue): string | null => (value === null ? null : JSON.stringify(value))

async function deleteAssessment(transaction: Transaction, traceId: string, id: string): Promise<void> {
  const { kysely } = transaction
  const trace = await getTraceNumber(transaction, traceId)
  const row = await kysely
    .selectFrom('assessments')
    .select('overrides')
    .where('trace', '=', trace)
    .where('id', '=', id)
    .executeTakeFirst()
  if (!row) return
  if (row.overrides !== null)
    await kysely
      .updateTable('assessments')
      .set({ is_valid: 1 })
      .where('trace', '=', trace)
      .where('id', '=', row.overrides)
      .execute()
  await kysely.deleteFrom('assessments').where('trace', '=', trace).where('id', '=', id).execute()
}
