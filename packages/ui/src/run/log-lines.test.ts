import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { emptyStretch, lineAt, type LogPiece, withEarlier, withLater, withoutOldest } from './log-lines.ts'

/** A piece as the server cuts one: whole characters. */
function pieceOf(log: Buffer, offset: number, sizeBytes: number): LogPiece {
  let end = Math.min(log.length, offset + sizeBytes)
  while (end < log.length && (log[end]! & 0xc0) === 0x80) end++
  return { text: log.subarray(offset, end).toString(), next: end, sizeBytes: log.length }
}

const logs = fc
  .array(fc.string({ unit: fc.constantFrom('a', 'ü', '😀', ' ') }), { maxLength: 12 })
  .map((lines) => lines.join('\n'))

describe('what is loaded of a log', () => {
  it('is the same lines at the same bytes, however it came', () => {
    fc.assert(
      fc.property(logs, fc.integer({ min: 1, max: 9 }), (text, size) => {
        const log = Buffer.from(text)
        let stretch = emptyStretch(0, log.length)
        while (stretch.end < log.length) stretch = withLater(stretch, pieceOf(log, stretch.end, size))
        expect([...stretch.lines, stretch.rest].join('\n')).toBe(text)
        for (const [at, line] of stretch.lines.entries()) {
          const offset = stretch.offsets[at]!
          expect(log.subarray(offset, offset + Buffer.byteLength(line)).toString()).toBe(line)
          expect(lineAt(stretch, offset)).toBe(at)
        }
      }),
    )
  })

  it('grows to the front by whole lines, and forgets the oldest', () => {
    const log = Buffer.from('eins\nzwei\ndrei\nvier\n')
    const end = withLater(emptyStretch(10, log.length), pieceOf(log, 10, 100))
    expect(end.lines).toEqual(['drei', 'vier'])
    const more = withEarlier(end, { text: 's\nzwei\n', next: 10, sizeBytes: log.length }, 3)
    expect([more.start, more.lines, more.offsets]).toEqual([5, ['zwei', 'drei', 'vier'], [5, 10, 15]])
    expect(lineAt(more, 2)).toBeUndefined()
    expect(withoutOldest(more, 2)).toMatchObject({ start: 10, lines: ['drei', 'vier'], offsets: [10, 15] })
  })
})
