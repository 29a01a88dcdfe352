import { isAscii } from 'node:buffer'
import { plainPattern } from '../base/plain-pattern.ts'
import type { LogChunk } from './tracking.ts'

export interface LogHit {
  /** Of the first byte of the line. */
  offset: number
  /** Its beginning, colours and all. */
  text: string
}

const newline = 10
/** Longer lines are looked at in parts; what stands across two of them is not found. */
const longestPartBytes = 1024 * 1024
const shownCharacters = 1_000
// oxlint-disable-next-line no-control-regex -- The escape character is what starts a colour.
const colours = /\u001B\[[0-9;]*[A-Za-z]/g

/**
 * Lines that hold a text, whatever the case and the colours in it, in order; at most `limit`. The chunks start at the beginning of a line.
 * `next` is where to go on: everything before it has been looked at. A whole chunk is decoded at once: line by line took three times as long.
 */
export async function searchLog(
  chunks: AsyncIterable<LogChunk>,
  { text, limit, offset }: { text: string; limit: number; offset: number },
): Promise<{ hits: LogHit[]; next: number }> {
  const wanted = text.toLowerCase()
  const anyCase = new RegExp(plainPattern(wanted), 'i')
  const hits: LogHit[] = []
  let rest: Uint8Array = new Uint8Array()
  let start = offset
  const look = (bytes: Uint8Array): void => {
    if (!isWithout(bytes, anyCase))
      for (const hit of linesWith(bytes, wanted)) hits.push({ offset: start + hit.at, text: hit.text })
    start += bytes.length
  }
  for await (const { bytes } of chunks) {
    const all = rest.length === 0 ? bytes : Buffer.concat([rest, bytes])
    const whole = all.lastIndexOf(newline) + 1
    const end = whole === 0 && all.length >= longestPartBytes ? all.length : whole
    look(all.subarray(0, end))
    rest = all.subarray(end)
    if (hits.length >= limit) break
  }
  if (hits.length < limit) {
    const open = start
    look(rest)
    // A last line that goes on is looked at again when there is more of it.
    start = rest.length > 0 ? open : start
  }
  const kept = hits.slice(0, limit)
  const isCut = hits.length > limit
  return { hits: kept, next: isCut ? hits[limit]!.offset : start }
}

/** Nearly every part of a log holds nothing: 1 ms a megabyte says so, where looking for its lines takes 2.5. */
function isWithout(bytes: Uint8Array, anyCase: RegExp): boolean {
  if (!isAscii(bytes)) return false
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
  return !text.includes('\u001B') && !anyCase.test(text)
}

function* linesWith(bytes: Uint8Array, wanted: string): Generator<{ at: number; text: string }> {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString()
  const plain = (text.includes('\u001B') ? text.replaceAll(colours, '') : text).toLowerCase()
  let [from, at] = [0, 0]
  for (let found = plain.indexOf(wanted); found >= 0; found = from < 0 ? -1 : plain.indexOf(wanted, from)) {
    // Both texts have the same lines, whatever letters and colours have become.
    for (let line = plain.indexOf('\n', from); line >= 0 && line < found; line = plain.indexOf('\n', from)) {
      at = bytes.indexOf(newline, at) + 1
      from = line + 1
    }
    const end = bytes.indexOf(newline, at)
    const line = bytes.subarray(at, end < 0 ? bytes.length : end)
    yield {
      at,
      text: Buffer.from(line.subarray(0, shownCharacters * 4))
        .toString()
        .slice(0, shownCharacters),
    }
    at = end + 1
    from = plain.indexOf('\n', found) + 1
    if (from === 0 || end < 0) return
  }
}
