/** What is drawn of a Plotly figure: lines, dots, bars and fields of numbers on two axes. */
export interface Figure {
  title: string
  xTitle: string
  yTitle: string
  traces: Trace[]
}

export interface Trace {
  name: string
  kind: 'line' | 'dots' | 'both' | 'bar' | 'field'
  x: Place[]
  y: Place[]
  /** Of a field: row after row, from the bottom. */
  z: number[][]
}

type Place = number | string

/** A figure as Plotly writes it as JSON; undefined for other JSON and for what we do not draw. */
export function readFigure(text: string): Figure | undefined {
  const figure = recordOf(parsed(text))
  const data = figure?.['data']
  if (!figure || !Array.isArray(data) || data.length === 0) return undefined
  const traces = data.map(readTrace)
  if (!traces.every((trace) => trace !== undefined)) return undefined
  const layout = recordOf(figure['layout'])
  return {
    title: titleOf(layout),
    xTitle: titleOf(recordOf(layout?.['xaxis'])),
    yTitle: titleOf(recordOf(layout?.['yaxis'])),
    traces,
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Cut off, or no JSON.
    return undefined
  }
}

const recordOf = (value: unknown): Record<string, unknown> | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined

function titleOf(part: Record<string, unknown> | undefined): string {
  const title = recordOf(part?.['title'])?.['text'] ?? part?.['title']
  return typeof title === 'string' ? title : ''
}

function readTrace(value: unknown, at: number): Trace | undefined {
  const trace = recordOf(value)
  if (!trace) return undefined
  const name = typeof trace['name'] === 'string' ? trace['name'] : `trace ${at + 1}`
  const kind = kindOf(trace)
  if (kind === undefined || trace['orientation'] === 'h') return undefined
  if (kind === 'field') {
    const rows = trace['z']
    if (!Array.isArray(rows)) return undefined
    const z = rows.map((row) => numbersOf(row))
    const width = z[0]?.length ?? 0
    if (width === 0 || !z.every((row) => row?.length === width)) return undefined
    const x = placesAlong(trace['x'], width)
    const y = placesAlong(trace['y'], z.length)
    return x && y && { name, kind, x, y, z: z as number[][] }
  }
  const y = numbersOf(trace['y'])
  const x = y && placesAlong(trace['x'], y.length)
  return x && { name, kind, x, y, z: [] }
}

function kindOf({ type, mode }: Record<string, unknown>): Trace['kind'] | undefined {
  if (type === 'bar') return 'bar'
  if (type === 'heatmap') return 'field'
  if (type !== undefined && type !== 'scatter' && type !== 'scattergl') return undefined
  const drawn = typeof mode === 'string' ? mode : 'lines'
  return drawn.includes('lines') ? (drawn.includes('markers') ? 'both' : 'line') : 'dots'
}

const counted = (count: number): number[] => Array.from({ length: count }, (_, at) => at)

/** Places for so many values: counted when none are written; undefined when there are fewer or more. */
function placesAlong(value: unknown, count: number): Place[] | undefined {
  if (value === undefined) return counted(count)
  const places = placesOf(value)
  return places?.length === count ? places : undefined
}

const readers = new Map<unknown, { BYTES_PER_ELEMENT: number; new (buffer: ArrayBuffer): Iterable<number> }>([
  ['f8', Float64Array],
  ['f4', Float32Array],
  ['i1', Int8Array],
  ['u1', Uint8Array],
  ['i2', Int16Array],
  ['u2', Uint16Array],
  ['i4', Int32Array],
  ['u4', Uint32Array],
])

/** Lists are written as they are, or as the bytes of an array of NumPy. */
function listOf(value: unknown): unknown[] | undefined {
  if (Array.isArray(value)) return value
  const packed = recordOf(value)
  const reader = readers.get(packed?.['dtype'])
  if (reader === undefined || typeof packed?.['bdata'] !== 'string' || packed['shape'] !== undefined) return undefined
  const bytes = bytesOf(packed['bdata'])
  return bytes && bytes.length % reader.BYTES_PER_ELEMENT === 0 ? [...new reader(bytes.buffer)] : undefined
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))
  } catch {
    // No Base64.
    return undefined
  }
}

/** Missing values are gaps. */
const numbersOf = (value: unknown): number[] | undefined => {
  const numbers = listOf(value)?.map((each) => (each === null ? Number.NaN : each))
  return numbers?.every((each) => typeof each === 'number') ? numbers : undefined
}

const placesOf = (value: unknown): Place[] | undefined => {
  const places = listOf(value)
  return places?.every((each) => typeof each === 'number' || typeof each === 'string') ? places : undefined
}
