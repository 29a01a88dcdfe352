export interface Samples {
  /** One list of numbers per flower. */
  values: number[][]
  /** Index into the classes. */
  labels: number[]
}

export interface Flowers extends Samples {
  features: string[]
  classes: string[]
  rows: Record<string, number | string>[]
}

/** The last column is the class, the others are numbers. */
export function parseIris(text: string): Flowers {
  const [header = '', ...lines] = text.trim().split(/\r?\n/)
  const names = header.split(',')
  const features = names.slice(0, -1)
  const cells = lines.map((line) => line.split(','))
  const classes = [...new Set(cells.map((row) => row.at(-1)!))]
  return {
    features,
    classes,
    values: cells.map((row) => row.slice(0, -1).map(Number)),
    labels: cells.map((row) => classes.indexOf(row.at(-1)!)),
    rows: cells.map((row) =>
      Object.fromEntries(names.map((name, column) => [name, column < features.length ? Number(row[column]) : row[column]!])),
    ),
  }
}

/** A shuffle that the seed decides, then a cut. */
export function splitRows(samples: Samples, testShare: number, seed: number): { train: Samples; test: Samples } {
  const order = samples.labels.map((_, index) => index)
  const random = generator(seed)
  for (let last = order.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1))
    ;[order[last], order[other]] = [order[other]!, order[last]!]
  }
  const cut = Math.round(order.length * testShare)
  const take = (indices: number[]): Samples => ({
    values: indices.map((index) => samples.values[index]!),
    labels: indices.map((index) => samples.labels[index]!),
  })
  return { test: take(order.slice(0, cut)), train: take(order.slice(cut)) }
}

/** mulberry32: small, seeded, good enough for a shuffle. */
function generator(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
