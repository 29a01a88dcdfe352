import { useCallback, useEffect, useReducer, useRef } from 'react'
import { get } from '../api/client.ts'

const pieceBytes = 262_144

interface Loaded {
  /** Byte where the first whole line starts. */
  start: number
  end: number
  sizeBytes: number
  lines: string[]
  /** What comes behind the last line break. */
  rest: string
  isComplete: boolean
}

interface Piece {
  text: string
  next: number
  sizeBytes: number
}

/**
 * Output by pieces: its end first, earlier ones when asked for, new ones as they come. Of 1 GB only what was looked at is here.
 */
export function useLog(runId: string, mark: number | undefined) {
  const state = useRef<Loaded | null>(null)
  const isBusy = useRef(false)
  const [, redraw] = useReducer((count: number) => count + 1, 0)
  const read = useCallback(
    (offset: number, limitBytes: number) => get<Piece>(`/runs/${runId}/output`, { offset, limitBytes }),
    [runId],
  )
  const once = useCallback(async (work: () => Promise<void>): Promise<void> => {
    if (isBusy.current) return
    isBusy.current = true
    try {
      await work()
      redraw()
    } catch {
      // The banner tells when the server is away; the next change or scroll tries again.
    } finally {
      isBusy.current = false
    }
  }, [])
  const readOn = useCallback(
    () =>
      once(async () => {
        const before = state.current ?? (await openAtEnd(read))
        state.current = before
        for (let more = true; more;) {
          const piece = await read(before.end, pieceBytes)
          append(before, piece)
          more = piece.next < piece.sizeBytes && piece.text !== ''
        }
      }),
    [once, read],
  )
  const readEarlier = useCallback(
    () =>
      once(async () => {
        const loaded = state.current
        if (!loaded || loaded.start === 0) return
        const offset = Math.max(0, loaded.start - pieceBytes)
        const piece = await read(offset, loaded.start - offset)
        const lines = piece.text.split('\n')
        lines.pop()
        const cut = offset > 0 ? (lines.shift() ?? '') : ''
        loaded.lines = [...lines, ...loaded.lines]
        loaded.start = offset === 0 ? 0 : offset + new TextEncoder().encode(cut).length + 1
      }),
    [once, read],
  )
  useEffect(() => {
    state.current = null
    redraw()
  }, [runId])
  useEffect(() => void readOn(), [mark, readOn])
  return { log: state.current, readEarlier }
}

async function openAtEnd(read: (offset: number, limitBytes: number) => Promise<Piece>): Promise<Loaded> {
  const { sizeBytes } = await read(0, 1)
  const start = Math.max(0, sizeBytes - pieceBytes)
  const loaded: Loaded = { start, end: start, sizeBytes, lines: [], rest: '', isComplete: false }
  if (start === 0) return loaded
  const piece = await read(start, pieceBytes)
  const cut = piece.text.indexOf('\n')
  loaded.start = start + new TextEncoder().encode(piece.text.slice(0, cut + 1)).length
  append(loaded, { ...piece, text: piece.text.slice(cut + 1) })
  return loaded
}

function append(loaded: Loaded, piece: Piece): void {
  const lines = (loaded.rest + piece.text).split('\n')
  loaded.rest = lines.pop() ?? ''
  loaded.lines = lines.length > 0 ? [...loaded.lines, ...lines] : loaded.lines
  loaded.end = piece.next
  loaded.sizeBytes = piece.sizeBytes
}
