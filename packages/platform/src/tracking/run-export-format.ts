import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import {
  AppError,
  type ArtifactRecord,
  fromWireNumber,
  type RunRecord,
  type RunStateChange,
  type WireNumber,
} from '@trainyard/contract'
import { messageOf } from '../base/errors.ts'

/**
 * The file of `trainyard export`: gzip over lines of JSON, each ended by a newline. First the header, last a SHA-256 of all bytes
 * before it, between them for each run, parents before children: `run`, its `metric` lines, its artifacts (`artifact`, and when
 * the bytes are included for each file `file` and its `bytes`), `stored`, then its output in `log` lines. `link` lines come last:
 * which runs show the artifacts of others.
 */
export type ExportLine =
  | { type: 'header'; format: typeof exportFormat; version: number; runs: number }
  | { type: 'run'; record: ExportedRun; history: RunStateChange[] }
  /** Points are `[step, timeMs, value]`, in order. */
  | { type: 'metric'; key: string; points: (readonly [number, number, WireNumber])[] }
  | { type: 'artifact'; record: ArtifactRecord; hasBytes: boolean }
  /** The path inside a folder, `''` for an artifact that is one file. */
  | { type: 'file'; path: string }
  /** Base64, as in `log`. */
  | { type: 'bytes'; data: string }
  | { type: 'stored' }
  | { type: 'log'; offset: number; timeMs: number; data: string }
  | { type: 'link'; runId: string; artifactIds: string[] }
  | { type: 'end'; sha256: string }

export const exportFormat = 'trainyard-runs'
export const exportVersion = 1

/** Results that are numbers are the last points of metrics. */
export type ExportedRun = RunRecord

export const encodeRecord = (run: RunRecord): ExportedRun => ({
  ...run,
  results: Object.fromEntries(Object.entries(run.results).filter(([, value]) => typeof value !== 'number')),
})

export const pointValue = (value: WireNumber): number => fromWireNumber(value) ?? Number.NaN

/** The lines of a file, checked: the whole of it has been read when the last one is given. `invalid_argument` when it is damaged. */
export async function* readExport(source: AsyncIterable<Uint8Array>): AsyncGenerator<ExportLine> {
  const hash = createHash('sha256')
  let isFirst = true
  let ended = false
  for await (const bytes of splitLines(unzip(source))) {
    if (ended) throw damaged('something follows its end')
    const line = parseLine(bytes)
    if (isFirst) checkHeader(line)
    isFirst = false
    if (line.type === 'end') {
      if (line.sha256 !== hash.digest('hex')) throw damaged('its checksum does not fit')
      ended = true
    } else {
      hash.update(bytes)
      hash.update('\n')
      yield line
    }
  }
  if (!ended) throw damaged('its end is missing')
}

const damaged = (reason: string, cause?: unknown) =>
  new AppError(
    'invalid_argument',
    `The file is damaged or not an export of Trainyard: ${reason}. Nothing was imported from it.`,
    { cause },
  )

async function* unzip(source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  const readable = Readable.from(source)
  const unzipped = createGunzip()
  readable.on('error', (error) => unzipped.destroy(error))
  readable.pipe(unzipped)
  try {
    for await (const piece of unzipped) yield piece as Buffer
  } catch (error) {
    if (error instanceof Error && 'code' in error && String(error.code).startsWith('Z_')) throw damaged(messageOf(error), error)
    throw error
  } finally {
    readable.destroy()
  }
}

async function* splitLines(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let open: Buffer[] = []
  for await (const piece of pieces) {
    let from = 0
    for (let end = piece.indexOf(10); end >= 0; end = piece.indexOf(10, from)) {
      yield open.length > 0 ? Buffer.concat([...open, piece.subarray(from, end)]) : piece.subarray(from, end)
      open = []
      from = end + 1
    }
    if (from < piece.length) open.push(piece.subarray(from))
  }
  if (open.length > 0) throw damaged('its last line is not whole')
}

function parseLine(bytes: Buffer): ExportLine {
  try {
    const line = JSON.parse(bytes.toString()) as ExportLine | null
    if (typeof line === 'object' && line !== null && typeof line.type === 'string') return line
  } catch (error) {
    throw damaged('a line of it is not JSON', error)
  }
  throw damaged('a line of it has no type')
}

function checkHeader(line: ExportLine): void {
  if (line.type !== 'header' || line.format !== exportFormat) throw damaged('it does not start as one')
  if (line.version > exportVersion)
    throw new AppError(
      'failed_precondition',
      `The file was exported by a newer Trainyard (its version is ${line.version}, this program reads ${exportVersion}). Update Trainyard to import it.`,
    )
}
