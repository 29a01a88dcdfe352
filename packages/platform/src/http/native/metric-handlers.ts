import { AppError, isEnded } from '@trainyard/contract'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Readable } from 'node:stream'
import { searchLog } from '../../tracking/index.ts'
import { readRange } from '../bytes/byte-range.ts'
import { JsonText } from '../json-text.ts'
import { type PointForm, pointsJson } from '../points-json.ts'
import type { CallOf, SomeHandlers } from './bound-operation.ts'
import type { NativeContext } from './context.ts'
import { toJson } from './json.ts'

const usualPoints = 500
const mostPoints = 1_000_000
const usualFollowed = 10_000
const usualOutputBytes = 262_144
const usualHits = 1_000
/** Looked at in one request: about a tenth of a second, between whose parts others are served. */
const searchedBytes = 32 * 1024 * 1024

const pointForm: PointForm = { value: '{"value":', timeMs: ',"timeMs":', step: ',"step":', end: '}', special: toJson }

export const metricHandlers: SomeHandlers<
  | 'getMetrics'
  | 'getPoints'
  | 'getPointsOfRuns'
  | 'getColumnsOfRuns'
  | 'followPoints'
  | 'getOutput'
  | 'searchOutput'
  | 'getOutputBytes'
> = {
  getMetrics: async ({ tracking }, { path }) => ({ metrics: await tracking.metrics.series(path.run) }),
  getPoints: async ({ tracking }, { path, query: { key, maxPoints, ...range } }) => {
    if (maxPoints !== undefined) return { points: await tracking.metrics.sampled(path.run, key, { ...range, maxPoints }) }
    const points = pointsJson(await tracking.metrics.numbers(path.run, key, range), pointForm)
    return new JsonText(Buffer.concat([Buffer.from('{"points":['), points, Buffer.from(']}')]))
  },
  getPointsOfRuns: async (context, { body }) => ({ series: await sampledOfRuns(context, body) }),
  getColumnsOfRuns: async (context, { body }) => {
    const series = (await sampledOfRuns(context, body)).map(({ run, key, points }) => ({
      run,
      key,
      steps: points.map(({ step }) => step),
      timesMs: points.map(({ timeMs }) => timeMs),
      values: points.map(({ value }) => (Number.isFinite(value) ? value : String(value))),
    }))
    // Written without the look at each part for what JSON cannot hold, which would take most of the time.
    return new JsonText(JSON.stringify({ series }))
  },
  followPoints: async (context, call) => {
    const { keys, seen = {}, limit = usualFollowed, waitMs = 0 } = call.body
    const until = performance.now() + waitMs
    for (;;) {
      const mark = await context.watch.now()
      const { state } = await context.tracking.runs.get(call.path.run)
      const arrived = await context.tracking.metrics.arrived(call.path.run, { ...(keys ? { keys } : {}), seen, limit })
      const leftMs = until - performance.now()
      if (arrived.points.length > 0 || isEnded(state) || leftMs <= 0 || call.signal.aborted)
        return { ...arrived, ended: isEnded(state) && arrived.points.length < limit }
      await context.watch.moved(mark, { timeoutMs: leftMs, signal: call.signal })
    }
  },
  getOutput: async (context, call) => {
    const { waitMs = 0 } = call.query
    const until = performance.now() + waitMs
    for (;;) {
      const mark = await context.watch.now()
      const { state } = await context.tracking.runs.get(call.path.run)
      const piece = await readOutput(context, call)
      const leftMs = until - performance.now()
      if (piece.text !== '' || isEnded(state) || leftMs <= 0 || call.signal.aborted)
        return { ...piece, ended: isEnded(state) && piece.next >= piece.sizeBytes }
      await context.watch.moved(mark, { timeoutMs: leftMs, signal: call.signal })
    }
  },
  searchOutput: async ({ tracking }, { path, query: { text, offset = 0, limit = usualHits } }) => {
    const chunks = tracking.logs.read(path.run, { offset, limitBytes: searchedBytes })
    const { hits, next } = await searchLog(chunks, { text, limit, offset })
    const sizeBytes = await tracking.logs.sizeBytes(path.run)
    const ended = hits.length < limit && offset + searchedBytes >= sizeBytes
    // A line longer than what is looked at in one go is left behind.
    return { hits, next: next === offset && !ended ? Math.min(sizeBytes, offset + searchedBytes) : next, ended }
  },
  getOutputBytes: (context, { path, raw }, reply) => sendOutput(context, path.run, raw, reply),
}

async function sampledOfRuns(
  { tracking }: NativeContext,
  { runs, keys, maxPoints = usualPoints, ...range }: CallOf<'getPointsOfRuns'>['body'],
) {
  if (runs.length * keys.length * maxPoints > mostPoints)
    throw new AppError(
      'invalid_argument',
      `The body: ${runs.length} runs × ${keys.length} keys × ${maxPoints} points are more than ${mostPoints.toLocaleString('en')}; ask for fewer.`,
    )
  const found = []
  for (const run of runs) {
    for (const key of keys) {
      const points = await tracking.metrics.sampled(run, key, { ...range, maxPoints })
      if (points.length > 0) found.push({ run, key, points })
    }
  }
  return found
}

/** Whole characters only: a piece that ends inside of one stops before it, unless the run has ended there. */
async function readOutput(
  { tracking }: NativeContext,
  { path, query }: CallOf<'getOutput'>,
): Promise<{ text: string; next: number; sizeBytes: number }> {
  const { offset = 0, limitBytes = usualOutputBytes } = query
  const parts: Uint8Array[] = []
  for await (const chunk of tracking.logs.read(path.run, { offset, limitBytes })) parts.push(chunk.bytes)
  const bytes = Buffer.concat(parts)
  const sizeBytes = await tracking.logs.sizeBytes(path.run)
  const length = offset + bytes.length < sizeBytes ? wholeCharacters(bytes) : bytes.length
  return { text: bytes.subarray(0, length).toString(), next: offset + length, sizeBytes }
}

/** How many bytes come before a character that is cut off at the end. */
function wholeCharacters(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(4, bytes.length); back++) {
    const byte = bytes[bytes.length - back]!
    if (byte < 0x80) return bytes.length
    if (byte < 0xc0) continue
    const needed = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2
    return back < needed && bytes.length > back ? bytes.length - back : bytes.length
  }
  return bytes.length
}

async function sendOutput(
  { tracking }: NativeContext,
  runId: string,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const sizeBytes = await tracking.logs.sizeBytes(runId)
  reply.type('text/plain; charset=utf-8').header('content-security-policy', 'sandbox').header('accept-ranges', 'bytes')
  const range = readRange(request.headers.range, sizeBytes)
  if (range === 'unsatisfiable') return await reply.code(416).header('content-range', `bytes */${sizeBytes}`).send('')
  const { offset, lengthBytes } = range ?? { offset: 0, lengthBytes: sizeBytes }
  if (range) reply.code(206).header('content-range', `bytes ${offset}-${offset + lengthBytes - 1}/${sizeBytes}`)
  reply.header('content-length', lengthBytes)
  if (lengthBytes === 0) return await reply.send('')
  return await reply.send(Readable.from(bytesOf(tracking.logs.read(runId, { offset, limitBytes: lengthBytes }))))
}

async function* bytesOf(chunks: AsyncIterable<{ bytes: Uint8Array }>): AsyncGenerator<Uint8Array> {
  for await (const { bytes } of chunks) yield bytes
}
