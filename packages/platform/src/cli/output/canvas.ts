/**
 * A grid of dots drawn with characters. In Unicode each character holds 2 × 4 dots (braille); in ASCII one. Marks are whole
 * characters put on top, for points that must stand out.
 */
export interface Canvas {
  /** Size in dots. */
  readonly width: number
  readonly height: number
  /** Origin is the lower left corner; dots outside are left out. */
  dot(x: number, y: number): void
  line(fromX: number, fromY: number, toX: number, toY: number): void
  mark(x: number, y: number, character: string): void
  /** From top to bottom. */
  rows(): string[]
}

const brailleBits = [
  [0x40, 0x04, 0x02, 0x01],
  [0x80, 0x20, 0x10, 0x08],
] as const

export function createCanvas(columns: number, rows: number, unicode: boolean): Canvas {
  const [dotsX, dotsY] = unicode ? [2, 4] : [1, 1]
  const [width, height] = [columns * dotsX, rows * dotsY]
  const cells = new Uint8Array(columns * rows)
  const marks = new Map<number, string>()

  const cellAt = (x: number, y: number): number => (rows - 1 - Math.floor(y / dotsY)) * columns + Math.floor(x / dotsX)
  const inside = (x: number, y: number): boolean => x >= 0 && y >= 0 && x < width && y < height

  const dot = (x: number, y: number) => {
    if (inside(x, y)) cells[cellAt(x, y)]! |= unicode ? brailleBits[x % 2]![y % 4]! : 1
  }

  return {
    width,
    height,
    dot,
    line(fromX, fromY, toX, toY) {
      const steps = Math.max(Math.abs(toX - fromX), Math.abs(toY - fromY), 1)
      for (let step = 0; step <= steps; step++) {
        dot(Math.round(fromX + ((toX - fromX) * step) / steps), Math.round(fromY + ((toY - fromY) * step) / steps))
      }
    },
    mark(x, y, character) {
      if (inside(x, y)) marks.set(cellAt(x, y), character)
    },
    rows() {
      return Array.from({ length: rows }, (_, row) =>
        Array.from({ length: columns }, (_empty, column) => {
          const index = row * columns + column
          const bits = cells[index]!
          return marks.get(index) ?? (bits === 0 ? ' ' : unicode ? String.fromCharCode(0x2800 + bits) : '.')
        }).join(''),
      )
    },
  }
}
