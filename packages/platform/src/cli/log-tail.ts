import type { LogRecords } from '../tracking/index.ts'

const blockBytes = 65_536
const newline = 0x0a

/** Where the last `lines` lines of a log begin. Reads backwards, so that the tail of a gigabyte is as quick as that of a page. */
export async function tailOffset(logs: Pick<LogRecords, 'sizeBytes' | 'read'>, runId: string, lines: number): Promise<number> {
  const size = await logs.sizeBytes(runId)
  let missing = lines
  for (let end = size; end > 0;) {
    const start = Math.max(0, end - blockBytes)
    const block = await readBlock(logs, runId, start, end - start)
    // The newline that ends the log ends its last line; it does not begin another.
    for (let at = block.length - 1 - (end === size ? 1 : 0); at >= 0; at--) {
      if (block[at] === newline && --missing === 0) return start + at + 1
    }
    end = start
  }
  return 0
}

async function readBlock(
  logs: Pick<LogRecords, 'read'>,
  runId: string,
  offset: number,
  lengthBytes: number,
): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  for await (const chunk of logs.read(runId, { offset, limitBytes: lengthBytes })) parts.push(chunk.bytes)
  return Buffer.concat(parts).subarray(0, lengthBytes)
}
