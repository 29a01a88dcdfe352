import { isJsonObject, type JsonObject, type JsonValue } from '@trainyard/contract/json'

const own = new Set(['time', 'level', 'name', 'message'])

const shown = (value: JsonValue): string => (typeof value === 'string' ? value : JSON.stringify(value))

/** What Nuclio's header `X-Nuclio-Logs` holds, as lines to be read; a header that holds something else is one line. */
export function linesOfLogs(header: string): string[] {
  // Node reads headers as Latin-1.
  const text = Buffer.from(header, 'latin1').toString('utf8')
  let entries: unknown
  try {
    entries = JSON.parse(text)
  } catch {
    return [text]
  }
  return Array.isArray(entries) ? entries.filter(isJsonObject).map(lineOf) : [text]
}

function lineOf(entry: JsonObject): string {
  const timeMs = Number(entry['time'])
  const time = Number.isFinite(timeMs) && Math.abs(timeMs) < 8.64e15 ? new Date(timeMs).toISOString() : ''
  const extra = Object.entries(entry).filter(([key]) => !own.has(key))
  const words = extra.map(([key, value]) => `${key}=${shown(value)}`)
  return [time, shown(entry['level'] ?? 'info').padEnd(6), shown(entry['message'] ?? ''), words.join(', ')].join(' ').trim()
}
