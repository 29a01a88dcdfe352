import { BinaryReader, WireType } from '@bufbuild/protobuf/wire'
import type { SpanValue } from '../../traces/index.ts'
import type { OtlpSpan } from './otlp-span.ts'

/** How deep a value may be nested: what a program logs, with room, and far from the end of the stack. */
const deepest = 100

/** Field numbers of OpenTelemetry's messages; see its `trace.proto` and `common.proto`. */
type FieldReaders<Target> = Readonly<Record<number, readonly [WireType, (reader: BinaryReader, target: Target) => void]>>

/** Reads a message field by field; unknown fields, and known ones of another type, are passed over. */
function readMessage<Target>(reader: BinaryReader, end: number, fields: FieldReaders<Target>, target: Target): Target {
  while (reader.pos < end) {
    const [number, type] = reader.tag()
    const field = fields[number]
    if (field && field[0] === type) field[1](reader, target)
    else reader.skip(type, number)
  }
  if (reader.pos > end) throw new RangeError('A message ends in the middle of a field.')
  return target
}

/** Reads a message that stands in another one. */
function readPart<Target>(reader: BinaryReader, fields: FieldReaders<Target>, target: Target): Target {
  const size = reader.uint32()
  if (reader.pos + size > reader.len) throw new RangeError('A message is longer than what was sent.')
  return readMessage(reader, reader.pos + size, fields, target)
}

const { LengthDelimited, Varint, Bit64 } = WireType
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')

interface Holder {
  value: SpanValue
  depth: number
}

const anyValue: FieldReaders<Holder> = {
  1: [LengthDelimited, (reader, holder) => (holder.value = reader.string())],
  2: [Varint, (reader, holder) => (holder.value = reader.bool())],
  3: [Varint, (reader, holder) => (holder.value = BigInt(reader.int64()))],
  4: [Bit64, (reader, holder) => (holder.value = reader.double())],
  5: [
    LengthDelimited,
    (reader, holder) => {
      const values: SpanValue[] = []
      const depth = deeper(holder.depth)
      const item: FieldReaders<SpanValue[]> = {
        1: [LengthDelimited, (inner, list) => list.push(readPart(inner, anyValue, { value: null, depth }).value)],
      }
      readPart(reader, item, values)
      holder.value = values
    },
  ],
  6: [
    LengthDelimited,
    (reader, holder) => {
      const depth = deeper(holder.depth)
      const members: Record<string, SpanValue> = Object.create(null)
      const item: FieldReaders<Record<string, SpanValue>> = {
        1: [LengthDelimited, (inner, map) => readKeyValue(inner, map, depth)],
      }
      readPart(reader, item, members)
      holder.value = members
    },
  ],
  7: [LengthDelimited, (reader, holder) => (holder.value = base64(reader.bytes()))],
}

function deeper(depth: number): number {
  if (depth >= deepest) throw new RangeError(`Values are nested deeper than ${deepest} levels.`)
  return depth + 1
}

function readKeyValue(reader: BinaryReader, map: Record<string, SpanValue>, depth: number): void {
  const entry = readPart(
    reader,
    {
      1: [LengthDelimited, (inner, target) => (target.key = inner.string())],
      2: [LengthDelimited, (inner, target) => (target.value = readPart(inner, anyValue, { value: null, depth }).value)],
    },
    { key: '', value: null as SpanValue },
  )
  map[entry.key] = entry.value
}

const attributesInto = (reader: BinaryReader, target: { attributes: Record<string, SpanValue> }): void =>
  readKeyValue(reader, target.attributes, 0)

const noAttributes = (): Record<string, SpanValue> => Object.create(null) as Record<string, SpanValue>

const event: FieldReaders<OtlpSpan['events'][number]> = {
  1: [Bit64, (reader, target) => (target.atNs = BigInt(reader.fixed64()))],
  2: [LengthDelimited, (reader, target) => (target.name = reader.string())],
  3: [LengthDelimited, attributesInto],
}

const link: FieldReaders<OtlpSpan['links'][number]> = {
  1: [LengthDelimited, (reader, target) => (target.traceId = hex(reader.bytes()))],
  2: [LengthDelimited, (reader, target) => (target.spanId = hex(reader.bytes()))],
  4: [LengthDelimited, attributesInto],
}

const status: FieldReaders<OtlpSpan['status']> = {
  2: [LengthDelimited, (reader, target) => (target.message = reader.string())],
  3: [Varint, (reader, target) => (target.code = reader.int32())],
}

const span: FieldReaders<OtlpSpan> = {
  1: [LengthDelimited, (reader, target) => (target.traceId = hex(reader.bytes()))],
  2: [LengthDelimited, (reader, target) => (target.spanId = hex(reader.bytes()))],
  4: [LengthDelimited, (reader, target) => (target.parentSpanId = hex(reader.bytes()))],
  5: [LengthDelimited, (reader, target) => (target.name = reader.string())],
  7: [Bit64, (reader, target) => (target.startNs = BigInt(reader.fixed64()))],
  8: [Bit64, (reader, target) => (target.endNs = BigInt(reader.fixed64()))],
  9: [LengthDelimited, attributesInto],
  11: [
    LengthDelimited,
    (reader, target) => target.events.push(readPart(reader, event, { name: '', atNs: 0n, attributes: noAttributes() })),
  ],
  13: [
    LengthDelimited,
    (reader, target) => target.links.push(readPart(reader, link, { traceId: '', spanId: '', attributes: noAttributes() })),
  ],
  15: [LengthDelimited, (reader, target) => readPart(reader, status, target.status)],
}

const newSpan = (): OtlpSpan => ({
  traceId: '',
  spanId: '',
  parentSpanId: '',
  name: '',
  startNs: 0n,
  endNs: 0n,
  attributes: noAttributes(),
  events: [],
  links: [],
  status: { code: 0, message: '' },
})

const scopeSpans: FieldReaders<OtlpSpan[]> = {
  2: [LengthDelimited, (reader, spans) => spans.push(readPart(reader, span, newSpan()))],
}
const resourceSpans: FieldReaders<OtlpSpan[]> = {
  2: [LengthDelimited, (reader, spans) => readPart(reader, scopeSpans, spans)],
}
const request: FieldReaders<OtlpSpan[]> = {
  1: [LengthDelimited, (reader, spans) => readPart(reader, resourceSpans, spans)],
}

/** The spans of an `ExportTraceServiceRequest`; throws when the bytes are none. */
export function readOtlpProtobuf(bytes: Uint8Array): OtlpSpan[] {
  const reader = new BinaryReader(bytes)
  return readMessage(reader, reader.len, request, [])
}
