import { closeSync, readSync } from 'node:fs'
import type { JobSpec } from '@trainyard/contract'

/**
 * The job, from the descriptor that `TRAINYARD_CONTROL_FD` names; closed afterwards, so that nothing the script starts sees it.
 * Where it ends before the job is whole, who started us is gone, and so are we: whoever takes the run over sees that it never began.
 */
export function readJob(): JobSpec {
  const named = process.env['TRAINYARD_CONTROL_FD']
  delete process.env['TRAINYARD_CONTROL_FD']
  const descriptor = Number(named ?? 3)
  if (!Number.isInteger(descriptor) || descriptor < 0)
    throw new Error(`TRAINYARD_CONTROL_FD is '${named}', not a descriptor's number`)
  const line = readLine(descriptor)
  closeSync(descriptor)
  if (line === undefined) process.exit(125)
  return JSON.parse(line) as JobSpec
}

function readLine(descriptor: number): string | undefined {
  const pieces: Buffer[] = []
  const piece = Buffer.alloc(65_536)
  for (;;) {
    const length = readPiece(descriptor, piece)
    const end = piece.subarray(0, length).indexOf(0x0a)
    pieces.push(Buffer.from(piece.subarray(0, end === -1 ? length : end)))
    if (end !== -1) return Buffer.concat(pieces).toString('utf8')
    if (length === 0) return undefined
  }
}

function readPiece(descriptor: number, piece: Buffer): number {
  for (;;) {
    try {
      return readSync(descriptor, piece)
    } catch (error) {
      if (!(error instanceof Error && 'code' in error)) throw error
      if (error.code === 'EOF') return 0
      if (error.code !== 'EAGAIN') throw error
      // A socket that does not block: look again in a millisecond.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1)
    }
  }
}
