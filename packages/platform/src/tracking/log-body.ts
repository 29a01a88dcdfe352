import { Readable } from 'node:stream'
import * as zlib from 'node:zlib'
import { AppError } from '@trainyard/contract'

export type LogEncoding = 'raw' | 'zstd' | 'gzip'

/** Node.js has zstd since 22.15: four times as fast as gzip at the same size. */
const hasZstd = typeof zlib.zstdCompressSync === 'function'

/** Compressed, unless that gains nothing. */
export function encodeLog(bytes: Uint8Array): { encoding: LogEncoding; body: Uint8Array } {
  const body = hasZstd ? zlib.zstdCompressSync(bytes) : zlib.gzipSync(bytes)
  if (body.length >= bytes.length) return { encoding: 'raw', body: bytes }
  return { encoding: hasZstd ? 'zstd' : 'gzip', body }
}

export function decodeLog(encoding: string, body: Uint8Array): Uint8Array {
  if (encoding === 'raw') return body
  if (encoding === 'gzip') return zlib.gunzipSync(body)
  if (encoding === 'zstd' && hasZstd) return zlib.zstdDecompressSync(body)
  throw unreadable(encoding)
}

/** At the usual 16 kB at a time, half of a search through 1 GB went into callbacks and into clearing away small buffers. */
const chunkSize = 256 * 1024

/** As `decodeLog`, holding a few hundred kilobytes at a time. */
export function decodeLogStream(encoding: string, body: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  if (encoding === 'raw') return body
  const decoder =
    encoding === 'gzip'
      ? zlib.createGunzip({ chunkSize })
      : encoding === 'zstd' && hasZstd
        ? zlib.createZstdDecompress({ chunkSize })
        : undefined
  if (!decoder) throw unreadable(encoding)
  const source = Readable.from(body)
  source.on('error', (error) => decoder.destroy(error))
  decoder.on('close', () => source.destroy())
  return source.pipe(decoder)
}

const unreadable = (encoding: string) =>
  new AppError(
    'failed_precondition',
    `The output of this run is stored as ${encoding}, which this version of Node.js or Trainyard cannot read; use a newer one.`,
  )
