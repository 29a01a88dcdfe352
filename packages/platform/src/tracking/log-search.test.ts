import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { searchLog } from './log-search.ts'
import type { LogChunk } from './tracking.ts'

async function* cut(bytes: Buffer, from: number, sizes: readonly number[]): AsyncGenerator<LogChunk> {
  for (let at = from, turn = 0; at < bytes.length; turn++) {
    const size = sizes.length === 0 ? bytes.length : sizes[turn % sizes.length]!
    yield { offset: at, timeMs: 0, bytes: bytes.subarray(at, at + size) }
    at += size
  }
}

const hitsIn = async (log: string, text: string, options: { limit?: number; sizes?: number[]; offset?: number } = {}) => {
  const { limit = 100, sizes = [], offset = 0 } = options
  return await searchLog(cut(Buffer.from(log), offset, sizes), { text, limit, offset })
}

describe('a search over output', () => {
  test('finds lines by their first byte, whatever the case and the colours', async () => {
    const log = 'ünfug\nvalue \u001B[32mERR\u001B[0mor 1\nnothing\nan Error error\n'
    const { hits, next } = await hitsIn(log, 'error')
    expect(hits.map(({ offset }) => Buffer.from(log).subarray(offset).toString().split('\n')[0])).toEqual([
      'value \u001B[32mERR\u001B[0mor 1',
      'an Error error',
    ])
    expect(next).toBe(Buffer.from(log).length)
  })

  test('goes on where it stopped: nothing is found twice, nothing is passed over', async () => {
    const log = 'hit 1\nhit 2\nmiss\nhit 3\nhit 4'
    const first = await hitsIn(log, 'HIT', { limit: 2 })
    expect(first.hits.map(({ text }) => text)).toEqual(['hit 1', 'hit 2'])
    const second = await hitsIn(log, 'HIT', { offset: first.next })
    expect(second.hits.map(({ text }) => text)).toEqual(['hit 3', 'hit 4'])
    // The last line may go on.
    expect(second.next).toBe(log.indexOf('hit 4'))
  })

  test('finds the same, however the bytes come', async () => {
    const line = fc.string({ unit: fc.constantFrom('a', 'b', 'B', 'İ', '\u001B[1m', '\r', '😀') })
    await fc.assert(
      fc.asyncProperty(
        fc.array(line),
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
        fc.constantFrom('a', 'ab', 'B', 'x'),
        async (lines, sizes, text) => {
          const log = lines.join('\n')
          const plain = (each: string): string => each.replaceAll('\u001B[1m', '').toLowerCase()
          const wanted = lines.filter((each) => plain(each).includes(text.toLowerCase()))
          const { hits } = await hitsIn(log, text, { sizes })
          expect(hits.map((hit) => hit.text)).toEqual(wanted)
        },
      ),
    )
  })
})
