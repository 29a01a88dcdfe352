import { useCallback, useEffect, useReducer, useRef } from 'react'
import { get } from '../api/client.ts'
import { emptyStretch, lineAt, type LogPiece, type LogStretch, withEarlier, withLater, withoutOldest } from './log-lines.ts'

const pieceBytes = 262_144
/** What came while nobody looked is passed over when it is more. */
const mostMissedBytes = 16 * pieceBytes
const mostLines = 100_000
/** Shown above a line that is jumped to. */
const contextBytes = 16_384

type Change = (read: Read, before: LogStretch | null) => Promise<LogStretch | null>
type Read = (offset: number, limitBytes: number) => Promise<LogPiece>

/**
 * Output by pieces: its end first, earlier and later ones when asked for, new ones as they come while its end is loaded. Of 1 GB only
 * what was looked at is here.
 */
export function useLog(runId: string, mark: number | undefined) {
  const state = useRef<LogStretch | null>(null)
  const busy = useRef<Promise<void> | null>(null)
  const [, redraw] = useReducer((count: number) => count + 1, 0)
  const work = useCallback(
    async (change: Change): Promise<void> => {
      const read: Read = (offset, limitBytes) => get<LogPiece>(`/runs/${runId}/output`, { offset, limitBytes })
      try {
        state.current = await change(read, state.current)
        redraw()
      } catch {
        // The banner tells when the server is away; the next change or scroll tries again.
      } finally {
        busy.current = null
      }
    },
    [runId],
  )
  /** One at a time: what only reads on is left out while something is read. */
  const once = useCallback(
    async (change: Change): Promise<void> => {
      if (busy.current === null) await (busy.current = work(change))
    },
    [work],
  )
  const next = useCallback(
    async (change: Change): Promise<void> => {
      while (busy.current !== null) await busy.current
      await once(change)
    },
    [once],
  )
  const readNew = useCallback(
    () => once(async (read, before) => (before === null || isAtEnd(before) ? await readToEnd(read, before) : before)),
    [once],
  )
  const readEnd = useCallback(() => next((read) => readToEnd(read, null)), [next])
  const readLater = useCallback(
    () => once(async (read, before) => (before ? withLater(before, await read(before.end, pieceBytes)) : before)),
    [once],
  )
  const readEarlier = useCallback(
    () =>
      once(async (read, before) => {
        if (!before || before.start === 0) return before
        const offset = Math.max(0, before.start - pieceBytes)
        return withEarlier(before, await read(offset, before.start - offset), offset)
      }),
    [once],
  )
  /** Loads what lies around a byte unless it is here. */
  const readAround = useCallback(
    async (offset: number): Promise<void> => {
      await next(async (read, before) =>
        before !== null && lineAt(before, offset) !== undefined
          ? before
          : await readStretch(read, Math.max(0, offset - contextBytes), before?.sizeBytes ?? 0),
      )
    },
    [next],
  )
  useEffect(() => {
    state.current = null
    redraw()
  }, [runId])
  useEffect(() => void readNew(), [mark, readNew])
  return { log: state.current, readEarlier, readLater, readEnd, readAround }
}

export const isAtEnd = ({ end, sizeBytes }: LogStretch): boolean => end >= sizeBytes

async function readToEnd(read: Read, before: LogStretch | null): Promise<LogStretch> {
  const { sizeBytes } = await read(before?.end ?? 0, 1)
  const isNear = before !== null && sizeBytes - before.end <= mostMissedBytes
  let stretch = isNear ? before : await readStretch(read, Math.max(0, sizeBytes - pieceBytes), sizeBytes)
  for (let more = true; more;) {
    const piece = await read(stretch.end, pieceBytes)
    stretch = withLater(stretch, piece)
    more = piece.next < piece.sizeBytes && piece.text !== ''
  }
  return withoutOldest(stretch, mostLines)
}

/** From the first line that starts behind a byte. */
async function readStretch(read: Read, from: number, sizeBytes: number): Promise<LogStretch> {
  if (from === 0) return emptyAtStart(await read(0, pieceBytes))
  const piece = await read(from, pieceBytes)
  const cut = piece.text.indexOf('\n') + 1
  const start = from + new TextEncoder().encode(piece.text.slice(0, cut)).length
  return withLater(emptyStretch(start, sizeBytes), { ...piece, text: piece.text.slice(cut) })
}

const emptyAtStart = (piece: LogPiece): LogStretch => withLater(emptyStretch(0, piece.sizeBytes), piece)
