/** A stretch of output in whole lines: what is loaded of a log. */
export interface LogStretch {
  /** Byte where the first line starts. */
  start: number
  /** Byte behind the last one that was read, line breaks and a line that goes on included. */
  end: number
  sizeBytes: number
  lines: string[]
  /** Where each line starts. */
  offsets: number[]
  /** What comes behind the last line break. */
  rest: string
}

export interface LogPiece {
  text: string
  next: number
  sizeBytes: number
}

const encoder = new TextEncoder()
const sizeOf = (text: string): number => encoder.encode(text).length

export const emptyStretch = (at: number, sizeBytes: number): LogStretch => ({
  start: at,
  end: at,
  sizeBytes,
  lines: [],
  offsets: [],
  rest: '',
})

/** The stretch with what follows it. Lines are counted in bytes of their letters: output that is no UTF-8 shifts them a little. */
export function withLater(stretch: LogStretch, { text, next, sizeBytes }: LogPiece): LogStretch {
  const found = (stretch.rest + text).split('\n')
  const rest = found.pop() ?? ''
  return {
    ...stretch,
    ...placed(stretch.lines, stretch.offsets, found, stretch.end - sizeOf(stretch.rest)),
    rest,
    end: next,
    sizeBytes,
  }
}

function placed(lines: string[], offsets: number[], found: readonly string[], from: number) {
  if (found.length === 0) return { lines, offsets }
  let at = from
  const places = found.map((line) => {
    const place = at
    at += sizeOf(line) + 1
    return place
  })
  return { lines: [...lines, ...found], offsets: [...offsets, ...places] }
}

/** The stretch with what comes before it: a piece that ends where it starts. Its first line may be cut and is left for the next time. */
export function withEarlier(stretch: LogStretch, { text }: LogPiece, offset: number): LogStretch {
  const found = text.split('\n')
  found.pop()
  const cut = offset > 0 ? found.shift() : undefined
  const start = cut === undefined ? offset : offset + sizeOf(cut) + 1
  const before = placed([], [], found, start)
  return { ...stretch, start, lines: [...before.lines, ...stretch.lines], offsets: [...before.offsets, ...stretch.offsets] }
}

/** Only the latest lines: a log that is followed for days must not fill the page's memory. */
export function withoutOldest(stretch: LogStretch, most: number): LogStretch {
  if (stretch.lines.length <= most) return stretch
  const lines = stretch.lines.slice(-most)
  const offsets = stretch.offsets.slice(-most)
  return { ...stretch, lines, offsets, start: offsets[0]! }
}

/** The line that holds a byte; undefined when that is not loaded. */
export function lineAt({ start, end, offsets, rest }: LogStretch, offset: number): number | undefined {
  if (offset < start || offset >= end) return undefined
  const behind = offsets.findIndex((each) => each > offset)
  if (behind >= 0) return Math.max(0, behind - 1)
  return rest !== '' && offset >= end - sizeOf(rest) ? offsets.length : offsets.length - 1
}
