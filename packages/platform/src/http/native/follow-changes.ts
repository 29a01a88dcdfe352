import { AppError, type RunRecord } from '@trainyard/contract'
import type { FastifyReply } from 'fastify'
import type { NamedRegistryEvent } from '../../registry/index.ts'
import type { RecordChange } from '../../tracking/index.ts'
import type { CallOf } from './bound-operation.ts'
import type { Mark } from './change-watch.ts'
import type { NativeContext } from './context.ts'
import { EventStream, sayHelloEveryMs, type SentEvent } from './event-stream.ts'

const changesPerLook = 500

/**
 * Events about everything: `run` (its record and all its states), `metrics` (the latest points), `output` (how much there is),
 * `artifacts`, `removed`, `experiment`, `model`. An event's id says how far the listener is in the order of all changes, which is
 * stored: it is good after a restart, on another server of the same records, and for changes that other processes made. Of several
 * changes of one kind between two looks the last is told.
 */
export async function followChanges(
  context: NativeContext,
  { query, raw, signal }: CallOf<'followChanges'>,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const lastId = raw.headers['last-event-id']
  const given = typeof lastId === 'string' && lastId !== '' ? lastId : query.after
  let mark = given === undefined ? await context.watch.now() : parseMark(given)
  const stream = new EventStream(reply)
  try {
    await stream.send([{ id: printMark(mark), event: 'hello', data: {} }])
    while (!signal.aborted) {
      const { events, mark: reached } = await look(context, mark, query.project)
      await stream.send(events)
      if (reached.records > mark.records || reached.registry > mark.registry) {
        mark = reached
        continue
      }
      await stream.keepAlive()
      await context.watch.moved(mark, { timeoutMs: sayHelloEveryMs, signal })
    }
  } catch (error) {
    if (!signal.aborted) raw.log.error({ err: error }, 'event stream failed')
  }
  stream.end()
  return reply
}

const printMark = ({ records, registry }: Mark): string => `${records}.${registry}`

function parseMark(text: string): Mark {
  if (text === 'start') return { records: 0, registry: 0 }
  const [, records, registry] = /^(\d{1,15})\.(\d{1,15})$/.exec(text) ?? []
  if (records === undefined)
    throw new AppError(
      'invalid_argument',
      `'${text.slice(0, 100)}' is no id of an event of this stream; leave it out to begin now.`,
      {
        details: { field: 'after' },
      },
    )
  return { records: Number(records), registry: Number(registry) }
}

async function look(
  context: NativeContext,
  mark: Mark,
  project: string | undefined,
): Promise<{ events: SentEvent[]; mark: Mark }> {
  const changes = await context.tracking.changes.after(mark.records, { limit: changesPerLook })
  const models = await context.registry.history.after(mark.registry, { limit: changesPerLook })
  const wanted = <Row extends { project: string }>(rows: readonly Row[]): Row[] =>
    project === undefined ? [...rows] : rows.filter((row) => row.project === project)
  const reached = { ...mark }
  const events: SentEvent[] = []
  const facts = await factsOf(context, wanted(changes))
  const seen = new Set(wanted(changes))
  for (const change of changes) {
    reached.records = change.number
    const data = seen.has(change) ? facts(change) : undefined
    if (data !== undefined) events.push({ id: printMark(reached), event: change.kind, data })
  }
  for (const event of models) {
    reached.registry = event.id
    if (project === undefined || event.project === project)
      events.push({ id: printMark(reached), event: 'model', data: event satisfies NamedRegistryEvent })
  }
  return { events, mark: reached }
}

/** What is told of each change, read for all of them at once. Undefined for what has gone meanwhile: that is told by itself. */
async function factsOf(
  { tracking }: NativeContext,
  changes: readonly RecordChange[],
): Promise<(change: RecordChange) => unknown> {
  const idsOf = (kind: RecordChange['kind']): string[] => changes.filter((each) => each.kind === kind).map(({ id }) => id)
  const runs = new Map<string, { run: RunRecord; states: unknown[] }>()
  for (const id of idsOf('run')) {
    const run = await tracking.runs.find(id)
    if (run) runs.set(id, { run, states: await tracking.runs.history(id).catch(() => []) })
  }
  const latest = await tracking.metrics.latest(idsOf('metrics'))
  const sizes = new Map<string, number>()
  for (const id of idsOf('output')) sizes.set(id, await tracking.logs.sizeBytes(id).catch(() => 0))
  return ({ kind, id, project }) => {
    if (kind === 'run') return runs.get(id)
    if (kind === 'metrics') return { run: id, project, metrics: latest.get(id) ?? [] }
    if (kind === 'output') return { run: id, project, sizeBytes: sizes.get(id) ?? 0 }
    if (kind === 'experiment') return { experiment: id, project }
    return { run: id, project }
  }
}
