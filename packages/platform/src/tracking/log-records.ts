import { AppError } from '@trainyard/contract'
import { type Database, type Reader, type Transaction, boundValuesPerQuery } from '../database/index.ts'
import { noteChange } from './change-notes.ts'
import { type LogEncoding, decodeLog, decodeLogStream, encodeLog } from './log-body.ts'
import { type LogMark, decodeMarks, encodeMarks } from './log-marks.ts'
import { type LogPiece, continueLog, packPieces, toChunks } from './log-pieces.ts'
import { findRunNumber, getRunNumber } from './run-number.ts'
import type { LogChunk, LogRecords } from './tracking.ts'

/** Where large bodies go: the part of an object store that logs use. */
export interface LogObjects {
  /** The full address of a key. */
  urlOf(key: string): string
  put(key: string, bytes: Uint8Array): Promise<unknown>
  get(key: string): Promise<{ stream: AsyncIterable<Uint8Array> }>
}

/** Raw bytes in one row: what a reader that wants a few lines has to unpack. */
const largestRowBytes = 256 * 1024
/** A last row smaller than this takes more output in, so that many small appends make few rows. */
const openRowBytes = 32 * 1024
/** Raw bytes in one object. */
const objectBytes = 4 * 1024 * 1024
/** Raw bytes of one run that may stay in the database: beyond, the oldest move to an object, so that 1 GB of output adds 8 MB. */
const databaseBytes = 8 * 1024 * 1024

export interface LogOptions {
  /** Without it all output stays in the database. */
  objects?: LogObjects
  /** Output stays in the database all the same. */
  keepsOutput?: boolean
  /** Smaller sizes, for tests. */
  sizes?: { row: number; open: number; object: number; database: number }
}

export function createLogRecords(database: Database, options: LogOptions = {}): LogRecords {
  const sizes = options.sizes ?? { row: largestRowBytes, open: openRowBytes, object: objectBytes, database: databaseBytes }
  const { objects, keepsOutput = false } = options

  return {
    append: async (runId, chunks) => {
      const inDatabaseBytes = await database.write((transaction) => append(transaction, { runId, chunks, sizes }))
      if (!objects || keepsOutput || inDatabaseBytes < sizes.database) return
      while (await moveOldest(database, { runId, objects, sizes })) {
        // One append may bring enough for several objects.
      }
    },
    replace: async (runId, chunks) => {
      await database.write(async (transaction) => {
        const run = await getRunNumber(transaction, runId)
        await transaction.kysely.deleteFrom('log_chunks').where('run', '=', run).execute()
        await append(transaction, { runId, chunks, sizes })
      })
    },
    sizeBytes: (runId) => database.read(async (reader) => endOf(await lastRow(reader, await getRunNumber(reader, runId)))),
    read: (runId, range) => readLog(database, objects, { runId, ...range }),
  }
}

interface LogRow {
  offset: number
  size: number
  timeMs: number
  encoding: string
  marks: Uint8Array
  body: Uint8Array
}

const objectSuffix = '-object'

const rowColumns = ['offset', 'size', 'time', 'encoding', 'marks', 'body'] as const

const selectRows = (reader: Reader, run: number) =>
  reader.kysely
    .selectFrom('log_chunks')
    .select(['offset', 'size', 'time as timeMs', 'encoding', 'marks', 'body'])
    .where('run', '=', run)

const lastRow = (reader: Reader, run: number): Promise<LogRow | undefined> =>
  selectRows(reader, run).orderBy('offset', 'desc').limit(1).executeTakeFirst()

const endOf = (row: LogRow | undefined): number => (row ? row.offset + row.size : 0)

/** Returns the raw bytes of the run that are in the database. */
async function append(
  transaction: Transaction,
  { runId, chunks, sizes }: { runId: string; chunks: readonly LogChunk[]; sizes: NonNullable<LogOptions['sizes']> },
): Promise<number> {
  const run = await getRunNumber(transaction, runId)
  const last = await lastRow(transaction, run)
  const fresh = continueLog(chunks, endOf(last))
  if (!Array.isArray(fresh))
    throw new AppError(
      'failed_precondition',
      `The output of run ${runId} is stored up to byte ${endOf(last)} only; what starts at byte ${fresh.gapAt} would leave a gap.`,
    )
  if (fresh.length === 0) return 0
  const isOpen = last !== undefined && last.size < sizes.open && !last.encoding.endsWith(objectSuffix)
  const open = isOpen
    ? [...toChunks(decodeMarks(last.timeMs, last.marks), { ...last, from: 0, bytes: decodeLog(last.encoding, last.body) })]
    : []
  const rows = packPieces([...open, ...fresh], sizes.row).map((piece) => toRow(run, piece, encodeLog(piece.bytes)))
  await transaction.insertRows('log_chunks', ['run', ...rowColumns], rows, { onConflict: { replace: ['run', 'offset'] } })
  await noteChange(transaction, 'output', run)
  return await storedBytes(transaction, run)
}

const toRow = (run: number, { offset, bytes, marks }: LogPiece, { encoding, body }: { encoding: string; body: Uint8Array }) => [
  run,
  offset,
  bytes.length,
  marks[0]!.timeMs,
  encoding,
  encodeMarks(marks),
  body,
]

async function storedBytes(reader: Reader, run: number): Promise<number> {
  const { kysely, dialect } = reader
  const query = kysely
    .selectFrom('log_chunks')
    .select(({ fn }) => fn.sum('size').as('size'))
    .where('run', '=', run)
    .where((row) => row.not(dialect.like(row.ref('encoding'), `%${objectSuffix}`)))
  const [row] = await reader.arrays(query)
  return (row?.[0] as number | null) ?? 0
}

/** Moves the oldest rows that are worth an object into one. False when there is too little. */
async function moveOldest(
  database: Database,
  { runId, objects, sizes }: { runId: string; objects: LogObjects; sizes: NonNullable<LogOptions['sizes']> },
): Promise<boolean> {
  const rows = await database.read(async (reader) => {
    const run = await findRunNumber(reader, runId)
    if (run === undefined || (await storedBytes(reader, run)) < sizes.database) return []
    return await oldestRows(reader, run, sizes)
  })
  if (rows.length === 0) return false
  const chunks = rows.flatMap((row) => [
    ...toChunks(decodeMarks(row.timeMs, row.marks), { ...row, from: 0, bytes: decodeLog(row.encoding, row.body) }),
  ])
  const piece = packPieces(chunks, Number.POSITIVE_INFINITY)[0]!
  const { encoding, body } = encodeLog(piece.bytes)
  // Named by place and size, so that a repeat after a crash overwrites what it left behind.
  const key = `logs/${runId}/${piece.offset}-${piece.bytes.length}.${encoding}`
  await objects.put(key, body)
  return await database.write((transaction) => replaceRows(transaction, { runId, rows, piece, encoding, key }))
}

async function oldestRows(reader: Reader, run: number, sizes: { row: number; object: number }): Promise<LogRow[]> {
  const { dialect } = reader
  const candidates = await selectRows(reader, run)
    .where((row) => row.not(dialect.like(row.ref('encoding'), `%${objectSuffix}`)))
    .orderBy('offset')
    .limit(Math.ceil((sizes.object / sizes.row) * 16))
    .execute()
  let size = 0
  const count = candidates.findIndex((row) => (size += row.size) >= sizes.object)
  return candidates.slice(0, count < 0 ? candidates.length : count + 1)
}

async function replaceRows(
  transaction: Transaction,
  change: { runId: string; rows: readonly LogRow[]; piece: LogPiece; encoding: LogEncoding; key: string },
): Promise<boolean> {
  const run = await findRunNumber(transaction, change.runId)
  if (run === undefined) return false
  const { piece, rows } = change
  const inside = transaction.kysely
    .deleteFrom('log_chunks')
    .where('run', '=', run)
    .where('offset', '>=', piece.offset)
    .where('offset', '<', piece.offset + piece.bytes.length)
  const there = await selectRows(transaction, run)
    .where('offset', '>=', piece.offset)
    .where('offset', '<', piece.offset + piece.bytes.length)
    .orderBy('offset')
    .execute()
  // Another process moved them first, or the last of them has grown.
  const isSame =
    there.length === rows.length &&
    there.every((row, index) => row.size === rows[index]!.size && row.encoding === rows[index]!.encoding)
  if (!isSame) return false
  await inside.execute()
  const row = toRow(run, piece, { encoding: `${change.encoding}${objectSuffix}`, body: Buffer.from(change.key) })
  await transaction.insertRows('log_chunks', ['run', ...rowColumns], [row])
  return true
}

async function* readLog(
  database: Database,
  objects: LogObjects | undefined,
  { runId, offset = 0, limitBytes = Number.POSITIVE_INFINITY }: { runId: string; offset?: number; limitBytes?: number },
): AsyncGenerator<LogChunk> {
  const end = offset + limitBytes
  for (let at = offset; at < end;) {
    const row = await database.read(async (reader) => {
      const run = await getRunNumber(reader, runId)
      return await selectRows(reader, run).where('offset', '<=', at).orderBy('offset', 'desc').limit(1).executeTakeFirst()
    })
    if (!row || endOf(row) <= at) return
    const marks = decodeMarks(row.timeMs, row.marks)
    yield* readRow(row, marks, objects, { from: at - row.offset, to: Math.min(endOf(row), end) - row.offset })
    at = endOf(row)
  }
}

async function* readRow(
  row: LogRow,
  marks: readonly LogMark[],
  objects: LogObjects | undefined,
  range: { from: number; to: number },
): AsyncGenerator<LogChunk> {
  let at = 0
  for await (const bytes of rowBytes(row, objects)) {
    const from = Math.max(range.from - at, 0)
    const to = Math.min(range.to - at, bytes.length)
    if (to > from) yield* toChunks(marks, { offset: row.offset, from: at + from, bytes: bytes.subarray(from, to) })
    at += bytes.length
    if (at >= range.to) return
  }
  throw new AppError(
    'storage',
    `The stored output ends at byte ${row.offset + at}, ${row.size - at} bytes short: its object is damaged.`,
  )
}

async function* rowBytes(row: LogRow, objects: LogObjects | undefined): AsyncGenerator<Uint8Array> {
  if (!row.encoding.endsWith(objectSuffix)) {
    yield decodeLog(row.encoding, row.body)
    return
  }
  const key = Buffer.from(row.body).toString()
  if (!objects)
    throw new AppError(
      'failed_precondition',
      `This output is in the object ${key}, and no object store was given to read it from.`,
    )
  const { stream } = await objects.get(key)
  yield* decodeLogStream(row.encoding.slice(0, -objectSuffix.length), stream)
}

/** Objects that hold output of these runs: to be deleted when the runs are purged. */
export async function logObjectsOf(reader: Reader, runs: readonly number[]): Promise<string[]> {
  const keys: string[] = []
  for (let at = 0; at < runs.length; at += boundValuesPerQuery) {
    const query = reader.kysely
      .selectFrom('log_chunks')
      .select('body')
      .where('run', 'in', runs.slice(at, at + boundValuesPerQuery))
      .where((row) => reader.dialect.like(row.ref('encoding'), `%${objectSuffix}`))
    for (const [body] of await reader.arrays(query)) keys.push(Buffer.from(body as Uint8Array).toString())
  }
  return keys
}
