import { isAppError, type MetricPoint, type RunRecord, type RunStateChange } from '@trainyard/contract'
import { type Connection, sleep } from './connection.ts'
import { waitAfter } from './until-answered.ts'

/** Something that changed on the server; `id` is what to give as `after` to go on behind it. */
export type Change = { id: string } & (
  | { kind: 'run'; run: RunRecord; states: RunStateChange[] }
  /** The latest points. */
  | { kind: 'metrics'; run: string; project: string; metrics: (MetricPoint & { key: string })[] }
  | { kind: 'output'; run: string; project: string; sizeBytes: number }
  | { kind: 'artifacts' | 'removed'; run: string; project: string }
  | { kind: 'experiment'; experiment: string; project: string }
  | {
      kind: 'model'
      event: { kind: string; name: string; project: string; version: number | null; by: string; reason: string | null }
    }
)

export interface ChangesOptions {
  project?: string
  /** Id of the last change heard, or `start` for everything there is; without it what changes from now on. */
  after?: string
  signal?: AbortSignal
}

/** Everything that changes, without end, connections lost and servers restarted on the way. */
export async function* followChanges(connection: Connection, options: ChangesOptions): AsyncGenerator<Change, void> {
  const { project, signal } = options
  let after = options.after
  let failures = 0
  // oxlint-disable-next-line eslint/no-unmodified-loop-condition -- A signal changes by itself.
  while (!signal?.aborted) {
    try {
      const query = { ...(project === undefined ? {} : { project }), ...(after === undefined ? {} : { after }) }
      const answer = await connection.open('followChanges', { query, signal })
      for await (const { id, event, data } of readEvents(answer.body!)) {
        failures = 0
        if (id !== undefined) after = id
        const change = toChange(after ?? '', event, data)
        if (change) yield change
      }
    } catch (error) {
      if (signal?.aborted) return
      // A line that breaks is taken up again; a refusal is not.
      if (isAppError(error) && error.code !== 'unavailable') throw error
    }
    await sleep(waitAfter(failures++), signal)
  }
}

function toChange(id: string, event: string, data: unknown): Change | undefined {
  if (event === 'hello') return undefined
  if (event === 'model') return { id, kind: 'model', event: data } as Change
  return { id, kind: event, ...(data as object) } as Change
}

interface ServerEvent {
  id: string | undefined
  event: string
  data: unknown
}

/** Server-sent events, as a browser's own `EventSource` reads them, which takes no token. */
export async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<ServerEvent, void> {
  const reader = body.getReader()
  const decoder = new TextDecoder()
  let text = ''
  try {
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
      text += decoder.decode(piece.value, { stream: true })
      for (let end = text.indexOf('\n\n'); end !== -1; end = text.indexOf('\n\n')) {
        const lines = text.slice(0, end).split('\n')
        text = text.slice(end + 2)
        const field = (name: string) => lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2)
        const data = field('data')
        if (data !== undefined) yield { id: field('id'), event: field('event') ?? 'message', data: JSON.parse(data) as unknown }
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined)
  }
}
