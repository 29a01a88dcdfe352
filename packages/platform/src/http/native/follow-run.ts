import { isEnded, type RunRecord } from '@trainyard/contract'
import type { FastifyReply } from 'fastify'
import type { CallOf } from './bound-operation.ts'
import type { NativeContext } from './context.ts'
import { EventStream, sayHelloEveryMs, type SentEvent } from './event-stream.ts'

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
  context: NativeContext,
  { path: { run: id }, raw, signal }: CallOf<'followRun'>,
  reply: FastifyReply,
): Promise<FastifyReply> {
  await context.tracking.runs.get(id)
  const position = readPosition(raw.headers['last-event-id'])
  const stream = new EventStream(reply)
  try {
    while (!signal.aborted) {
      const mark = await context.watch.now()
      const record = await context.tracking.runs.find(id)
      if (!record) break
      const events = await lookForChanges(context, record, position)
      await stream.send(events)
      if (isEnded(record.state) && events.length === 0) {
        await stream.send([{ event: 'end', data: { state: record.state } }])
        break
      }
      await stream.keepAlive()
      if (events.length === 0) await context.watch.moved(mark, { timeoutMs: sayHelloEveryMs, signal })
    }
  } catch (error) {
    // The listener has gone away; anything else is for the log, since the answer has begun.
    if (!signal.aborted) raw.log.error({ err: error }, 'event stream failed')
  }
  stream.end()
  return reply
}

async function lookForChanges({ tracking }: NativeContext, record: RunRecord, position: Position): Promise<SentEvent[]> {
  const events: SentEvent[] = []
  const tell = (event: string, data: unknown): void => {
    events.push({ id: `${position.states}-${position.outputBytes}`, event, data })
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
