import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { OutputBuffer } from './output-buffer.ts'

describe('OutputBuffer', () => {
  it('loses no byte and leaves no gap, whatever the sizes and times', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ bytes: fc.uint8Array({ maxLength: 2000 }), afterMs: fc.nat(400) })),
        fc.nat(1000),
        (pieces, start) => {
          const buffer = new OutputBuffer(start)
          const chunks: { offset: number; bytes: Uint8Array }[] = []
          let nowMs = 0
          for (const { bytes, afterMs } of pieces) {
            nowMs += afterMs
            if (bytes.length > 0) buffer.add(bytes, nowMs)
            const chunk = buffer.take(nowMs, false)
            if (chunk) chunks.push(chunk)
          }
          const rest = buffer.take(nowMs, true)
          if (rest) chunks.push(rest)
          let offset = start
          for (const chunk of chunks) {
            expect(chunk.offset).toBe(offset)
            offset += chunk.bytes.length
          }
          expect(Buffer.concat(chunks.map(({ bytes }) => bytes))).toEqual(Buffer.concat(pieces.map(({ bytes }) => bytes)))
        },
      ),
    )
  })

  it('holds small output back for a quarter of a second and no longer', () => {
    const buffer = new OutputBuffer(0)
    buffer.add(Buffer.from('a'), 1000)
    expect(buffer.take(1249, false)).toBeUndefined()
    expect(buffer.take(1250, false)).toMatchObject({ offset: 0, timeMs: 1000 })
  })
})
