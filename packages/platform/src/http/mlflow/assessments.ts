import type { AssessmentKind, AssessmentPatch, NewAssessment } from '../../traces/index.ts'
import { invalid } from './errors.ts'
import { type Route, route } from './route.ts'
import { inTraceWords } from './trace-context.ts'
import { toAssessment } from './trace-view.ts'
import { checkDepth, boolean, choice, type Decoder, list, message, type MessageOf, required, text } from './wire.ts'
import { json, moment, texts } from './wire-values.ts'

const sourceTypes = { SOURCE_TYPE_UNSPECIFIED: 0, HUMAN: 1, LLM_JUDGE: 2, CODE: 3 }

const fields = {
  assessment_id: text,
  assessment_name: text,
  trace_id: text,
  span_id: text,
  source: message({ source_type: choice(sourceTypes), source_id: text }),
  create_time: moment,
  last_update_time: moment,
  feedback: message({ value: json, error: message({ error_code: text, error_message: text, stack_trace: text }) }),
  expectation: message({ value: json, serialized_value: message({ serialization_format: text, value: text }) }),
  issue: message({ issue_name: text }),
  rationale: text,
  metadata: texts,
  overrides: text,
  valid: boolean,
}

type WireAssessment = MessageOf<typeof fields>

export const assessment: Decoder<WireAssessment> = message(fields)

export const assessmentRoutes: readonly Route[] = [
  route(
    'POST',
    'traces/:trace_id/assessments',
    message({ assessment }),
    (context, request, { params }) =>
      inTraceWords(async () => {
        const given = toNewAssessment(required(request.assessment, 'assessment'), 'assessment')
        return { assessment: toAssessment(await context.traces.assessments.create(params['trace_id']!, given)) }
      }),
    '3.0',
  ),
  route(
    'GET',
    'traces/:trace_id/assessments/:assessment_id',
    message({}),
    (context, _, { params }) =>
      inTraceWords(async () => ({
        assessment: toAssessment(await context.traces.assessments.get(params['trace_id']!, params['assessment_id']!)),
      })),
    '3.0',
  ),
  route(
    'PATCH',
    'traces/:trace_id/assessments/:assessment_id',
    message({ assessment, update_mask: mask }),
    (context, request, { params }) =>
      inTraceWords(async () => {
        const patch = toPatch(required(request.assessment, 'assessment'), required(request.update_mask, 'update_mask'))
        const updated = await context.traces.assessments.update(params['trace_id']!, params['assessment_id']!, patch)
        return { assessment: toAssessment(updated) }
      }),
    '3.0',
  ),
  route(
    'DELETE',
    'traces/:trace_id/assessments/:assessment_id',
    message({}),
    (context, _, { params }) =>
      inTraceWords(async () => {
        await context.traces.assessments.delete(params['trace_id']!, params['assessment_id']!)
        return {}
      }),
    '3.0',
  ),
]

/** Names of fields with commas between them, as JSON has them, or a message with a list of them. */
function mask(value: unknown, path: string): string[] {
  const written = typeof value === 'string' ? value.split(',') : (message({ paths: list(text) })(value, path).paths ?? [])
  return written
    .map((name) => name.trim().replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`))
    .filter((name) => name !== '')
}

export function toNewAssessment(given: WireAssessment, path: string): NewAssessment {
  const value = valueOf(given, path)
  return {
    name: required(given.assessment_name, `${path}.assessment_name`),
    source: { type: given.source?.source_type ?? 'SOURCE_TYPE_UNSPECIFIED', id: given.source?.source_id ?? '' },
    ...value,
    ...(given.rationale ? { rationale: given.rationale } : {}),
    ...(given.metadata === undefined ? {} : { metadata: given.metadata }),
    ...(given.span_id ? { spanId: given.span_id } : {}),
    ...(given.overrides ? { overrides: given.overrides } : {}),
    ...(given.create_time === undefined ? {} : { createdAtMs: given.create_time }),
    ...(given.last_update_time === undefined ? {} : { updatedAtMs: given.last_update_time }),
  }
}

type AssessedValue = Pick<NewAssessment, 'value' | 'error'> & { kind: AssessmentKind }

function valueOf({ feedback, expectation, issue }: WireAssessment, path: string): AssessedValue {
  if (feedback)
    return { kind: 'feedback', value: feedback.value ?? null, ...(feedback.error ? { error: { ...feedback.error } } : {}) }
  if (expectation) {
    const serialized = expectation.serialized_value
    if (!serialized) return { kind: 'expectation', value: expectation.value ?? null }
    if (serialized.serialization_format !== 'JSON_FORMAT')
      throw invalid(`Unknown serialization format: ${serialized.serialization_format ?? ''}. Only JSON_FORMAT is supported.`)
    checkDepth(serialized.value ?? '')
    try {
      return { kind: 'expectation', value: JSON.parse(serialized.value ?? '') as NewAssessment['value'] }
    } catch {
      throw invalid(`The value of '${path}.expectation.serialized_value' is not valid JSON.`)
    }
  }
  if (issue) return { kind: 'issue', value: issue.issue_name ?? '' }
  throw invalid(`Unknown assessment type: '${path}' needs one of feedback, expectation and issue.`)
}

function toPatch(given: WireAssessment, names: readonly string[]): AssessmentPatch {
  if (given.feedback && given.expectation) throw invalid('Cannot specify both `expectation` and `feedback` parameters.')
  const parts = names.map((name) => (Object.hasOwn(patches, name) ? patches[name]!(given) : unknownField()))
  return Object.assign({}, ...parts) as AssessmentPatch
}

/** What each field of a mask changes. */
const patches: Readonly<Record<string, (given: WireAssessment) => AssessmentPatch>> = {
  assessment_name: (given) => ({ name: required(given.assessment_name, 'assessment.assessment_name') }),
  feedback: ({ feedback = {} }) => valueOf({ feedback }, 'assessment'),
  expectation: ({ expectation = {} }) => valueOf({ expectation }, 'assessment'),
  rationale: ({ rationale = '' }) => ({ rationale }),
  metadata: ({ metadata = {} }) => ({ metadata }),
  valid: ({ valid = false }) => ({ isValid: valid }),
}

function unknownField(): never {
  throw invalid(`Invalid value for parameter 'update_mask' supplied: it names fields of ${Object.keys(patches).join(', ')}.`)
}
