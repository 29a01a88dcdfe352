import { writeExactJson } from '../base/exact-json.ts'
import type { SpanRecord, SpanValue, TraceState } from './traces.ts'

/** What spans of one trace say about it. */
export interface SpanSummary {
  startedAtMs: number
  endedAtMs: number | null
  metadata: Record<string, string>
  hasTokens: boolean
  root?: {
    /** Undefined while the root goes on. */
    state: TraceState | undefined
    request?: string
    response?: string
    tags: Record<string, string>
  }
}

const longestPreview = 1_000
const tagPrefix = 'mlflow.traceTag.'

const toMs = (ns: bigint): number => Number(ns / 1_000_000n)

export function summarize(spans: readonly SpanRecord[]): Map<string, SpanSummary> {
  const found = new Map<string, SpanSummary>()
  for (const [traceId, own] of Map.groupBy(spans, (span) => span.traceId)) {
    const ends = own.flatMap(({ endedAtNs }) => (endedAtNs === null ? [] : [toMs(endedAtNs)]))
    const root = own.find(({ parentId }) => parentId === null)
    found.set(traceId, {
      startedAtMs: own.reduce((least, span) => Math.min(least, toMs(span.startedAtNs)), Number.MAX_SAFE_INTEGER),
      endedAtMs: ends.length === 0 ? null : ends.reduce((most, end) => Math.max(most, end)),
      metadata: metadataOf(own),
      hasTokens: own.some(({ attributes }) => attributes['mlflow.chat.tokenUsage'] !== undefined),
      ...(root ? { root: rootOf(root) } : {}),
    })
  }
  return found
}

function metadataOf(spans: readonly SpanRecord[]): Record<string, string> {
  const first = (...keys: string[]): string | undefined => {
    for (const { attributes } of spans)
      for (const key of keys) if (attributes[key] !== undefined) return toText(attributes[key]).slice(0, 1_000)
    return undefined
  }
  const [session, user] = [first('session.id', 'gen_ai.conversation.id'), first('user.id')]
  return {
    ...(session === undefined ? {} : { 'mlflow.trace.session': session }),
    ...(user === undefined ? {} : { 'mlflow.trace.user': user }),
  }
}

function rootOf({ name, status, endedAtNs, attributes }: SpanRecord): NonNullable<SpanSummary['root']> {
  const tags: Record<string, string> = { 'mlflow.traceName': name.slice(0, 250) }
  for (const [key, value] of Object.entries(attributes)) {
    const tag = key.slice(tagPrefix.length)
    if (key.startsWith(tagPrefix) && tag !== '' && tag.length <= 250) tags[tag] = toText(value).slice(0, 8_000)
  }
  const [request, response] = [attributes['mlflow.spanInputs'], attributes['mlflow.spanOutputs']]
  return {
    state: endedAtNs === null ? undefined : status.code === 'ERROR' ? 'ERROR' : 'OK',
    tags,
    ...(request === undefined ? {} : { request: preview(request) }),
    ...(response === undefined ? {} : { response: preview(response) }),
  }
}

const toText = (value: SpanValue): string => (typeof value === 'string' ? value : writeExactJson(value))

function preview(value: SpanValue): string {
  const whole = writeExactJson(value)
  return whole.length <= longestPreview ? whole : `${whole.slice(0, longestPreview - 3).toWellFormed()}...`
}
