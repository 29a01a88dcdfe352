import { join } from 'node:path'
import { AppError, type JsonValue } from '@trainyard/contract'
import type { AssessmentKind, AssessmentRecord, TraceState } from '../../traces/index.ts'
import type { SourceTrace } from '../source.ts'
import { leaves, readYaml, textsIn } from './folder-files.ts'
import type { JsonMessage } from './rest-client.ts'
import { fieldsOf, filledText, isOn, optionalNumber, optionalText, textOf } from './wire-fields.ts'

/** Tells of the trace; tags, metadata and assessments lie beside it, a file each. */
export const traceInfoFile = 'trace_info.yaml'

/** A trace as clients of MLflow 2 or 3 wrote it into its folder. */
export async function toFolderTrace(folder: string, experimentId: string): Promise<SourceTrace> {
  const path = join(folder, traceInfoFile)
  const info = await readYaml(path)
  const { 'mlflow.artifactLocation': artifactUri = '', ...tags } = await textsIn(join(folder, 'tags'))
  // Version 3 calls them otherwise.
  const id = textOf(info, 'trace_id') || textOf(info, 'request_id')
  return {
    id,
    experimentId,
    clientRequestId: filledText(info, 'client_request_id'),
    state: stateOf(optionalText(info, 'state') ?? optionalText(info, 'status')),
    startedAtMs: optionalNumber(info, 'timestamp_ms') ?? momentOf(info, 'request_time', path),
    durationMs: optionalNumber(info, 'execution_duration_ms') ?? optionalNumber(info, 'execution_time_ms'),
    requestPreview: optionalText(info, 'request_preview'),
    responsePreview: optionalText(info, 'response_preview'),
    tags,
    metadata: await textsIn(join(folder, 'request_metadata')),
    assessments: await readAssessments(join(folder, 'assessments'), id),
    prompts: [],
    artifactUri,
  }
}

const states: readonly TraceState[] = ['IN_PROGRESS', 'OK', 'ERROR']

const stateOf = (text: string | null): TraceState => states.find((state) => state === text) ?? 'STATE_UNSPECIFIED'

/** A moment as RFC 3339 has it. */
function momentOf(fields: JsonMessage, key: string, path: string): number {
  const value = Date.parse(textOf(fields, key))
  if (!Number.isNaN(value)) return value
  throw new AppError('invalid_argument', `${path} has no time in ${key}: ${textOf(fields, key).slice(0, 80)}.`)
}

async function readAssessments(folder: string, traceId: string): Promise<AssessmentRecord[]> {
  const found: AssessmentRecord[] = []
  for await (const name of leaves(folder)) {
    const path = join(folder, name)
    const fields = await readYaml(path)
    const source = fieldsOf(fields, 'source')
    found.push({
      id: textOf(fields, 'assessment_id'),
      traceId,
      name: textOf(fields, 'assessment_name'),
      source: { type: textOf(source, 'source_type'), id: textOf(source, 'source_id') },
      ...valueOf(fields, path),
      rationale: optionalText(fields, 'rationale'),
      metadata: Object.fromEntries(Object.entries(fieldsOf(fields, 'metadata')).map(([key, value]) => [key, String(value)])),
      spanId: filledText(fields, 'span_id'),
      overrides: filledText(fields, 'overrides'),
      isValid: fields['valid'] === undefined || isOn(fields, 'valid'),
      createdAtMs: momentOf(fields, 'create_time', path),
      updatedAtMs: momentOf(fields, 'last_update_time', path),
    })
  }
  return found.sort((left, right) => left.createdAtMs - right.createdAtMs || (left.id < right.id ? -1 : 1))
}

function valueOf(fields: JsonMessage, path: string): { kind: AssessmentKind; value: JsonValue; error: JsonValue } {
  if ('issue' in fields) return { kind: 'issue', value: textOf(fieldsOf(fields, 'issue'), 'issue_name'), error: null }
  const kind = 'expectation' in fields ? 'expectation' : 'feedback'
  const given = fieldsOf(fields, kind)
  const serialized = fieldsOf(given, 'serialized_value')
  const error = (given['error'] ?? null) as JsonValue
  if (!('value' in serialized)) return { kind, value: (given['value'] ?? null) as JsonValue, error }
  try {
    return { kind, value: JSON.parse(textOf(serialized, 'value')) as JsonValue, error }
  } catch (cause) {
    throw new AppError('invalid_argument', `${path} has a serialized_value that is no JSON.`, { cause })
  }
}
