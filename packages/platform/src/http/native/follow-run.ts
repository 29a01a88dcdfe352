import { setTimeout as sleep } from 'node:timers/promises'
import { isEnded, type RunRecord } from '@trainyard/contract'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { toJson } from './json.ts'
import type { NativeContext } from './operation.ts'

const lookEveryMs = 400
const sayHelloEveryMs = 15_000

/** How far a listener is: part of every event's id, so that it can go on where it was cut off. */
interface Position {
  states: number
  outputBytes: number
  /** Latest step and time of each metric, as last told. */
  points: Map<string, string>
}

/**
 * Server-sent events of one run until it ends: `state` (each change), `metrics` (latest points that moved), `output` (what it printed),
 * `end`. `Last-Event-ID` takes up states and output where they were; latest metric points are told anew.
 */
export async function followRun(
  context: NativeContext & { stopping: AbortSignal },
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { run: id } = request.params as { run: string }
  await context.tracking.runs.get(id)
  const left = new AbortController()
  request.raw.on('close', () => left.abort())
  const gone = AbortSignal.any([left.signal, context.stopping])
  reply.hijack()
  const { raw } = reply
  raw.writeHead(200, {
    'content-type': 'text/event-stream',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'x-accel-buffering': 'no',
  })
  const position = readPosition(request.headers['last-event-id'])
  let quietMs = 0
  try {
    while (!gone.aborted) {
      const record = await context.tracking.runs.find(id)
      if (!record) break
      const events = await lookForChanges(context, record, position)
      for (const event of events) await write(raw, event)
      if (isEnded(record.state) && events.length === 0) {
        await write(raw, `event: end\ndata: ${toJson({ state: record.state })}\n\n`)
        break
      }
      quietMs = events.length > 0 ? 0 : quietMs + lookEveryMs
      if (quietMs >= sayHelloEveryMs) {
        await write(raw, ': still here\n\n')
        quietMs = 0
      }
      if (events.length === 0) await sleep(lookEveryMs, undefined, { signal: gone })
    }
  } catch (error) {
    // The listener has gone away; anything else is for the log, since the answer has begun.
    if (!gone.aborted) request.log.error({ err: error }, 'event stream failed')
  }
  raw.end()
  return reply
}

async function lookForChanges({ tracking }: NativeContext, record: RunRecord, position: Position): Promise<string[]> {
  const events: string[] = []
  const tell = (event: string, data: unknown): void => {
    events.push(`id: ${position.states}-${position.outputBytes}\nevent: ${event}\ndata: ${toJson(data)}\n\n`)
  }
  const states = await tracking.runs.history(record.id)
  for (const change of states.slice(position.states)) {
    position.states++
    tell('state', change)
  }
  const latest = (await tracking.metrics.latest([record.id])).get(record.id) ?? []
  const moved = latest.filter(({ key, step, timeMs, value }) => position.points.get(key) !== `${step} ${timeMs} ${value}`)
  for (const { key, step, timeMs, value } of moved) position.points.set(key, `${step} ${timeMs} ${value}`)
  if (moved.length > 0) tell('metrics', moved)
  for await (const { bytes } of tracking.logs.read(record.id, { offset: position.outputBytes, limitBytes: 262_144 })) {
    position.outputBytes += bytes.length
    tell('output', { base64: Buffer.from(bytes).toString('base64') })
  }
  return events
}

function readPosition(id: string | string[] | undefined): Position {
  const found = /^(\d{1,9})-(\d{1,15})$/.exec(typeof id === 'string' ? id : '')
  return { states: Number(found?.[1] ?? 0), outputBytes: Number(found?.[2] ?? 0), points: new Map() }
}

/** Waits while the listener is slow: nothing piles up here. */
async function write(raw: FastifyReply['raw'], text: string): Promise<void> {
  if (raw.write(text)) return
  await new Promise<void>((resolve) => {
    raw.once('drain', resolve)
    raw.once('close', resolve)
  })
}
