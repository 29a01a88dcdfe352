import type { JsonValue } from '@trainyard/contract'

export interface Trace {
  id: string
  project: string
  experimentId: string
  runId: string | null
  name: string | null
  state: 'STATE_UNSPECIFIED' | 'IN_PROGRESS' | 'OK' | 'ERROR'
  startedAtMs: number
  durationMs: number | null
  requestPreview: string | null
  responsePreview: string | null
  tags: Record<string, string>
  metadata: Record<string, string>
  spanCount: number
  assessments: Assessment[]
}

export interface Assessment {
  id: string
  kind: 'feedback' | 'expectation' | 'issue'
  name: string
  source: { type: string; id: string }
  value: JsonValue
  error: JsonValue
  rationale: string | null
  spanId: string | null
  isValid: boolean
  createdAtMs: number
}

export interface Span {
  id: string
  parentId: string | null
  name: string
  type: string | null
  /** Since the first span of the trace, as `endMs`. */
  startMs: number
  endMs: number | null
  status: { code: 'UNSET' | 'OK' | 'ERROR'; message: string }
  attributes: Record<string, JsonValue>
  events: { name: string; atMs: number; attributes: Record<string, JsonValue> }[]
  links: { traceId: string; spanId: string; attributes: Record<string, JsonValue> }[]
}
