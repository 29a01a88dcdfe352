import type { AssessmentRecord, TraceRecord } from '../../traces/index.ts'
import type { MlflowContext } from './route.ts'
import { present, toTags } from './run-view.ts'
import { writeDuration, writeMoment } from './wire-values.ts'

/** Clients load spans from here once this tag says so, and upload them as a file before. */
const spansLocation = 'mlflow.trace.spansLocation'
const artifactLocation = 'mlflow.artifactLocation'

/** Traces as the third version of the protocol has them. */
export async function toTraceInfos(context: MlflowContext, traces: readonly TraceRecord[]): Promise<object[]> {
  const roots = await artifactRoots(context, traces)
  return traces.map((trace) => ({
    trace_id: trace.id,
    client_request_id: trace.clientRequestId ?? undefined,
    trace_location: { type: 'MLFLOW_EXPERIMENT', mlflow_experiment: { experiment_id: trace.experimentId } },
    request_preview: trace.requestPreview ?? undefined,
    response_preview: trace.responsePreview ?? undefined,
    request_time: writeMoment(trace.startedAtMs),
    execution_duration: trace.durationMs === null ? undefined : writeDuration(trace.durationMs),
    state: trace.state,
    trace_metadata: trace.metadata,
    tags: tagsOf(trace, roots),
    assessments: present(trace.assessments.map(toAssessment)),
  }))
}

export async function toTraceInfo(context: MlflowContext, trace: TraceRecord): Promise<object> {
  const [info] = await toTraceInfos(context, [trace])
  return info!
}

/** Traces as the second version of the protocol has them. */
export async function toTraceInfosV2(context: MlflowContext, traces: readonly TraceRecord[]): Promise<object[]> {
  const roots = await artifactRoots(context, traces)
  return traces.map((trace) => ({
    request_id: trace.id,
    experiment_id: trace.experimentId,
    timestamp_ms: trace.startedAtMs,
    execution_time_ms: trace.durationMs ?? undefined,
    status: trace.state === 'STATE_UNSPECIFIED' ? 'TRACE_STATUS_UNSPECIFIED' : trace.state,
    request_metadata: present(toTags(trace.metadata)),
    tags: present(toTags(tagsOf(trace, roots))),
  }))
}

async function artifactRoots({ tracking }: MlflowContext, traces: readonly TraceRecord[]): Promise<Map<string, string>> {
  const roots = new Map<string, string>()
  for (const { experimentId } of traces) {
    if (roots.has(experimentId)) continue
    const location = (await tracking.experiments.find(experimentId))?.artifactLocation ?? null
    roots.set(experimentId, location?.replace(/\/+$/, '') ?? `mlflow-artifacts:/${experimentId}`)
  }
  return roots
}

const tagsOf = (trace: TraceRecord, roots: ReadonlyMap<string, string>): Record<string, string> => ({
  ...trace.tags,
  [artifactLocation]: `${roots.get(trace.experimentId)!}/traces/${trace.id}/artifacts`,
  ...(trace.spanCount > 0 ? { [spansLocation]: 'TRACKING_STORE' } : {}),
})

export const toAssessment = (assessment: AssessmentRecord): object => ({
  assessment_id: assessment.id,
  assessment_name: assessment.name,
  trace_id: assessment.traceId,
  span_id: assessment.spanId ?? undefined,
  source: { source_type: assessment.source.type, source_id: assessment.source.id },
  create_time: writeMoment(assessment.createdAtMs),
  last_update_time: writeMoment(assessment.updatedAtMs),
  ...valueOf(assessment),
  rationale: assessment.rationale ?? undefined,
  metadata: Object.keys(assessment.metadata).length === 0 ? undefined : assessment.metadata,
  overrides: assessment.overrides ?? undefined,
  valid: assessment.isValid,
})

function valueOf({ kind, value, error }: AssessmentRecord): object {
  if (kind === 'feedback') return { feedback: { value, error: error ?? undefined } }
  if (kind === 'issue') return { issue: { issue_name: value } }
  if (typeof value !== 'object' || value === null) return { expectation: { value } }
  // Lists and objects travel as texts there.
  return { expectation: { serialized_value: { serialization_format: 'JSON_FORMAT', value: JSON.stringify(value) } } }
}
