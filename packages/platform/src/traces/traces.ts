import type { JsonValue } from '@trainyard/contract'
import type { ExactValue, ExactValues } from '../base/exact-json.ts'

/**
 * Traces: what a program did to answer one request, as a tree of spans with times, inputs, outputs and errors, and what people,
 * programs and judges say of it. Every write is durable when its promise resolves, and stored whole or not at all.
 *
 * Errors carry `details.record`: `experiment`, `trace`, `tag`, `assessment`, `run` or `cursor`.
 */
export interface Traces {
  /**
   * Tells of a trace as a whole; again for a known id to replace what was told. Tags and metadata that are not named stay. Its spans may
   * come before or after. `not_found` without the experiment, `failed_precondition` when that is in the trash.
   */
  put(trace: NewTrace): Promise<TraceRecord>
  /**
   * Adds spans, or replaces those of the same id, all in one transaction. A trace nobody told of yet is made in the experiment, and
   * follows its spans (times, state, previews, token counts) until somebody tells of it.
   */
  addSpans(experimentId: string, spans: readonly SpanRecord[]): Promise<void>
  find(id: string): Promise<TraceRecord | undefined>
  /** In the order given; unknown ones are missing. */
  findMany(ids: readonly string[]): Promise<TraceRecord[]>
  /** In order of their start; traces without any are missing. */
  spansOf(ids: readonly string[]): Promise<Map<string, SpanRecord[]>>
  /** Adds or replaces tags; a `null` value removes, and is `not_found` when there is none. */
  setTags(id: string, tags: Record<string, string | null>): Promise<void>
  /** Of one experiment: these, or the oldest that started until a moment. Returns the ids of those that are gone now. */
  remove(selection: TraceSelection): Promise<string[]>
  /** Newest first unless sorted. */
  search(query: TraceQuery): Promise<{ traces: TraceRecord[]; next: string | null }>
  /** Repeats and unknown traces change nothing; `not_found` without the run. */
  linkToRun(ids: readonly string[], runId: string): Promise<void>
  /** `prompts` are names and versions with a slash between them. Repeats change nothing. */
  linkPrompts(id: string, prompts: readonly string[]): Promise<void>
  /** Figures over many traces, by group: see `TraceFigureQuery`. In order of the groups, time first. */
  figures(query: TraceFigureQuery): Promise<TraceFigure[]>
  /** How many traces fulfil one set of conditions, another, both, and `base` alone, which all of them must fulfil. */
  countOverlap(query: TraceOverlapQuery): Promise<{ first: number; second: number; both: number; total: number }>
  readonly assessments: Assessments
  readonly shipped: ShippedTraces
}

/** A trace with all that was said of it, as its own machine knows it. */
export interface TraceImage extends Omit<TraceRecord, 'project' | 'spanCount'> {
  /** Names and versions with a slash between them, in order. */
  prompts: string[]
}

export interface TraceParcel {
  trace: Omit<TraceImage, 'experimentId'>
  /** All of its spans, or a part: parts come one after the other. */
  spans: readonly SpanRecord[]
  /** Of all there is to know of the trace; null while parts of it are to come. */
  digest: string | null
}

/** Traces of runs that work on another machine, see `ShippedRuns` of the tracking: every call may be lost, repeated or overtaken. */
export interface ShippedTraces {
  /**
   * Here: the traces that a run made or is linked to, in order of arrival, or those of some ids among them. `last` is the `after` of
   * the next page, undefined without any.
   */
  ofRun(
    runId: string,
    page: { after: number; limit: number } | { ids: readonly string[] },
  ): Promise<{ traces: TraceImage[]; last: number | undefined }>
  /**
   * There: makes the trace and links it to its run, or brings it up to date; one with a smaller `revision` than the stored one changes
   * nothing. What was added here (tags, assessments) stays. `already_exists` when a trace of that id was made here.
   */
  put(parcel: TraceParcel, options: { runId: string; experimentId: string; revision: number }): Promise<void>
  /** There: of those of a run that have arrived whole. */
  digests(runId: string, ids: readonly string[]): Promise<Map<string, string>>
}

export type TraceState = 'STATE_UNSPECIFIED' | 'IN_PROGRESS' | 'OK' | 'ERROR'

export interface NewTrace {
  /** Letters, digits, `-` and `_`. */
  id: string
  experimentId: string
  clientRequestId?: string
  state: TraceState
  startedAtMs: number
  /** Missing while it goes on. */
  durationMs?: number
  requestPreview?: string
  responsePreview?: string
  tags?: Record<string, string>
  metadata?: Record<string, string>
  assessments?: readonly NewAssessment[]
}

export interface TraceRecord {
  id: string
  experimentId: string
  project: string
  clientRequestId: string | null
  state: TraceState
  startedAtMs: number
  durationMs: number | null
  requestPreview: string | null
  responsePreview: string | null
  tags: Record<string, string>
  metadata: Record<string, string>
  /** In order of their making. */
  assessments: AssessmentRecord[]
  spanCount: number
}

/** What a span holds: integers are bigints, so that `1` and `1.0` stay two things and none is too long. */
export type SpanValue = ExactValue
export type SpanValues = ExactValues

export interface SpanRecord {
  traceId: string
  /** The trace's id in OpenTelemetry: 32 digits. */
  otelTraceId: string
  /** 16 digits. */
  id: string
  parentId: string | null
  name: string
  startedAtNs: bigint
  /** Null while it goes on. */
  endedAtNs: bigint | null
  status: { code: 'UNSET' | 'OK' | 'ERROR'; message: string }
  attributes: SpanValues
  events: readonly { name: string; atNs: bigint; attributes: SpanValues }[]
  links: readonly { traceId: string; spanId: string; attributes: SpanValues }[]
}

export type TraceSelection = { experimentId: string } & ({ ids: readonly string[] } | { untilMs: number; limit?: number })

export type TraceAttribute = 'id' | 'experiment' | 'clientRequestId' | 'state' | 'started' | 'duration' | 'ended'

export type TraceField =
  | { scope: 'attribute'; name: TraceAttribute }
  | { scope: 'tag' | 'metadata' | 'feedback' | 'expectation'; name: string }
  /** The run it was made in or linked to. */
  | { scope: 'run' }
  /** A prompt it is linked to. */
  | { scope: 'prompt' }
  /** The name of an issue it is assessed with. */
  | { scope: 'issue' }
  /** Something anywhere in a span: its name, attributes, events. */
  | { scope: 'span'; name: 'name' | 'type' | 'status' | 'content' }
  | { scope: 'spanAttribute'; name: string }

/**
 * All conditions must hold; a trace without the field fulfils none but `is null`. Those on spans must hold for one and the same span.
 * `matches` is a regular expression, which may match anywhere; it is run in time proportional to the text.
 */
export interface TraceCondition {
  field: TraceField
  operator: TraceOperator
  values: readonly (string | number)[]
}

export type TraceOperator =
  | '='
  | '!='
  | '<'
  | '<='
  | '>'
  | '>='
  | 'like'
  | 'ilike'
  | 'matches'
  | 'in'
  | 'not in'
  | 'is null'
  | 'is not null'

/** Missing values come last either way. */
export interface TraceSort {
  field: { scope: 'attribute'; name: TraceAttribute } | { scope: 'tag' | 'metadata'; name: string }
  direction: 'ascending' | 'descending'
}

export interface TraceQuery {
  experimentIds: readonly string[]
  conditions?: readonly TraceCondition[]
  sort?: readonly TraceSort[]
  limit?: number
  /** From a previous answer's `next`. */
  cursor?: string
}

/** What is counted or measured: of traces, of their spans, or of valid assessments of them. */
export type TraceMeasure =
  | { of: 'traces'; name: 'count' | 'sessions' | 'duration' }
  /** From what a trace says it used, a member of `mlflow.trace.tokenUsage`. */
  | { of: 'traces'; name: 'tokens'; kind: string }
  | { of: 'spans'; name: 'count' | 'duration' }
  /** A member of what a span says it cost (`mlflow.llm.cost`). */
  | { of: 'spans'; name: 'cost'; kind: string }
  /** Numbers, truth values and yes or no as 1 and 0. */
  | { of: 'assessments'; name: 'count' | 'value' }

export type TraceDimension = 'name' | 'state' | 'type' | 'model' | 'provider' | 'value'

export type TraceFigureFilter =
  | { on: 'trace'; condition: TraceCondition }
  | { on: 'span'; field: 'name' | 'status' | 'type'; value: string }
  | { on: 'assessment'; field: 'name' | 'kind'; value: string }

export type TraceAggregation = 'count' | 'sum' | 'mean' | 'smallest' | 'largest' | { percentile: number }

/** What has no value, or not one of the dimensions, is left out. Times are those of the traces; of spans for what they cost. */
export interface TraceFigureQuery {
  experimentIds: readonly string[]
  measure: TraceMeasure
  aggregations: readonly TraceAggregation[]
  dimensions?: readonly TraceDimension[]
  filters?: readonly TraceFigureFilter[]
  /** Both ends belong to it. */
  sinceMs?: number
  untilMs?: number
  /** Groups by stretches of this length, which start at multiples of it. */
  intervalMs?: number
  /** Default 1,000. */
  limit?: number
}

export interface TraceFigure {
  /** When its stretch of time starts. */
  atMs: number | null
  /** In the order of the query. */
  dimensions: string[]
  /** In the order of the query's aggregations; null where there is nothing to tell. Percentiles lie between neighbours as the place does. */
  values: (number | null)[]
}

export interface TraceOverlapQuery {
  experimentIds: readonly string[]
  first: readonly TraceCondition[]
  second: readonly TraceCondition[]
  base?: readonly TraceCondition[]
}

export type AssessmentKind = 'feedback' | 'expectation' | 'issue'

export interface NewAssessment {
  kind: AssessmentKind
  name: string
  source: { type: string; id: string }
  value: JsonValue
  /** Why there is no value. */
  error?: JsonValue
  rationale?: string
  metadata?: Record<string, string>
  spanId?: string
  /** The assessment of the same trace that it stands instead of, which is no longer valid then. */
  overrides?: string
  createdAtMs?: number
  updatedAtMs?: number
}

export interface AssessmentRecord {
  /** `a-` and 32 digits. */
  id: string
  traceId: string
  kind: AssessmentKind
  name: string
  source: { type: string; id: string }
  value: JsonValue
  error: JsonValue
  rationale: string | null
  metadata: Record<string, string>
  spanId: string | null
  overrides: string | null
  isValid: boolean
  createdAtMs: number
  updatedAtMs: number
}

/** Only the given fields change; metadata is merged. */
export interface AssessmentPatch {
  kind?: AssessmentKind
  name?: string
  value?: JsonValue
  error?: JsonValue
  rationale?: string
  metadata?: Record<string, string>
  isValid?: boolean
}

export interface Assessments {
  /** `not_found` without the trace, or the one it overrides. */
  create(traceId: string, assessment: NewAssessment): Promise<AssessmentRecord>
  /** `not_found` says which of the two is missing. */
  get(traceId: string, id: string): Promise<AssessmentRecord>
  /** An assessment never becomes one of another kind: `invalid_argument`. */
  update(traceId: string, id: string, patch: AssessmentPatch): Promise<AssessmentRecord>
  /** What it stood instead of is valid again. Idempotent; `not_found` without the trace. */
  delete(traceId: string, id: string): Promise<void>
}
