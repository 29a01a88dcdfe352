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
          const take = (chunk: { offset: number; bytes: Uint8Array } | undefined): void => {
            if (chunk === undefined) return
            chunks.push(chunk)
            buffer.settle()
          }
          let nowMs = 0
          for (const { bytes, afterMs } of pieces) {
            nowMs += afterMs
            if (bytes.length > 0) buffer.add(bytes, nowMs)
            // Every third write is refused once, and asked for again.
            if (afterMs % 3 === 0) buffer.due(nowMs, false)
            take(buffer.due(nowMs, false))
          }
          take(buffer.due(nowMs, true))
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
    expect(buffer.due(1249, false)).toBeUndefined()
    expect(buffer.due(1250, false)).toMatchObject({ offset: 0, timeMs: 1000 })
  })

  it('does not hold output back for an hour when the clock is set back by one', () => {
    const buffer = new OutputBuffer(0)
    buffer.add(Buffer.from('a'), 7_200_000)
    expect(buffer.due(3_600_000, false)).toMatchObject({ offset: 0 })
  })
})
