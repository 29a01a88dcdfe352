import { AppError } from '@trainyard/contract'
import type { ColumnValue } from '../database.ts'

/** The types our tables have. */
export type CopyType = 'int8' | 'float8' | 'text' | 'bytea'

/** Postgres knows no character U+0000: it is stored as the mark for an unknown one. */
export const storableText = (text: string): string => (text.includes('\0') ? text.replaceAll('\0', '\uFFFD') : text)

const header = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1')
const trailer = Buffer.from([0xff, 0xff])
const usualChunkBytes = 64 * 1024

/**
 * Rows as the stream of `COPY … FROM STDIN (FORMAT binary)`, in chunks of about 64 KB. A NaN is NULL, as everywhere behind the seam.
 * Numbers for integer columns must be whole and safe.
 */
export function* encodeCopy(types: readonly CopyType[], rows: Iterable<readonly ColumnValue[]>): Generator<Uint8Array> {
  const writer = new ChunkWriter()
  writer.bytes(header)
  for (const row of rows) {
    writer.int16(types.length)
    for (const [at, type] of types.entries()) writeValue(writer, type, row[at] ?? null)
    if (writer.size >= usualChunkBytes) yield writer.take()
  }
  writer.bytes(trailer)
  yield writer.take()
}

function writeValue(writer: ChunkWriter, type: CopyType, value: ColumnValue): void {
  if (value === null || Number.isNaN(value)) {
    writer.int32(-1)
    return
  }
  switch (type) {
    case 'int8':
      if (!Number.isSafeInteger(value)) throw mismatch(type, value)
      writer.int32(8)
      writer.int64(value as number)
      return
    case 'float8':
      if (typeof value !== 'number') throw mismatch(type, value)
      writer.int32(8)
      writer.double(value)
      return
    case 'text':
      if (typeof value !== 'string') throw mismatch(type, value)
      writer.text(storableText(value))
      return
    default:
      if (!(value instanceof Uint8Array)) throw mismatch(type, value)
      writer.int32(value.length)
      writer.bytes(value)
  }
}

const mismatch = (type: CopyType, value: ColumnValue) =>
  new AppError('internal', `A column of type ${type} was given ${typeof value === 'number' ? value : `a ${typeof value}`}.`)

/** A buffer that grows and is handed over when it is full enough. */
class ChunkWriter {
  #buffer = Buffer.allocUnsafe(usualChunkBytes * 2)
  size = 0

  take(): Uint8Array {
    const taken = this.#buffer.subarray(0, this.size)
    this.#buffer = Buffer.allocUnsafe(usualChunkBytes * 2)
    this.size = 0
    return taken
  }

  int16(value: number): void {
    this.#reserve(2)
    this.size = this.#buffer.writeInt16BE(value, this.size)
  }

  int32(value: number): void {
    this.#reserve(4)
    this.size = this.#buffer.writeInt32BE(value, this.size)
  }

  int64(value: number): void {
    this.#reserve(8)
    this.size = this.#buffer.writeBigInt64BE(BigInt(value), this.size)
  }

  double(value: number): void {
    this.#reserve(8)
    this.size = this.#buffer.writeDoubleBE(value, this.size)
  }

  text(value: string): void {
    const length = Buffer.byteLength(value)
    this.int32(length)
    this.#reserve(length)
    this.size += this.#buffer.write(value, this.size)
  }

  bytes(value: Uint8Array): void {
    this.#reserve(value.length)
    this.#buffer.set(value, this.size)
    this.size += value.length
  }

  #reserve(bytes: number): void {
    if (this.size + bytes <= this.#buffer.length) return
    const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.size + bytes))
    larger.set(this.#buffer.subarray(0, this.size))
    this.#buffer = larger
  }
}
