import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MetricLineReader } from './journal-line.ts'
import { PointBuffer } from './metric-segment.ts'

const read = (text: string, start = 0) => {
  const line = new MetricLineReader(Buffer.from(text), (key) => new PointBuffer(key)).read(start)
  return line && [line.sequence, line.timeMs, line.series.points.key, line.step, line.value, line.end]
}

describe('a metric line', () => {
  test('is read as JSON would read it, for any number', () => {
    const number = fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.float({ noNaN: true, noDefaultInfinity: true }),
      fc.integer(),
      fc.maxSafeInteger(),
    )
    fc.assert(
      fc.property(fc.integer({ min: 1 }), fc.nat(), fc.integer(), number, (sequence, timeMs, step, value) => {
        const text = `[${sequence},${timeMs},"metric","val/loss",${step},${JSON.stringify(value)}]\n`
        const [, , , , expected] = [0, 0, 0, 0, (JSON.parse(text) as number[])[5]]
        expect(read(text)).toEqual([sequence, timeMs, 'val/loss', step + 0, expected, text.length])
      }),
      { numRuns: 1000 },
    )
  })

  test.each([
    '0.1',
    '1e-05',
    '1E+16',
    '123456789012345678',
    '0.30000000000000004',
    '5e-324',
    '1.7976931348623157e308',
    '-0',
    '-0.0',
    '100',
  ])('reads %s to the last bit', (text) => {
    expect(read(`[1,2,"metric","k",0,${text}]\n`)?.[4]).toBe(Number(text))
  })

  test.each([
    '[1,2,"metric","k",0,"NaN"]\n',
    '[1,2,"metric","k\\n",0,1]\n',
    '[1,2,"metric","schön",0,1]\n',
    '[1, 2, "metric", "k", 0, 1]\n',
    '[1,2,"metric","k",0,1,5]\n',
    '[1,2,"metric","k",0.5,1]\n',
    '[1,2,"metric","k",0,01]\n',
    '[1,2,"metric","k",0,1.]\n',
    '[1,2,"metric","k",0,.5]\n',
    '[1,2,"metric","k",0,]\n',
    '[1,2,"metric","k",0,1e]\n',
    '[1,2,"metric","k",0,1]',
    '[,2,"metric","k",0,1]\n',
    '[1,2,"metrics",0,{"k":1}]\n',
    '[1234567890123456789,2,"metric","k",0,1]\n',
    '',
  ])('leaves %j to others', (text) => {
    expect(read(text)).toBeUndefined()
  })

  test('never takes for a metric what JSON reads otherwise', () => {
    const alphabet = fc.constantFrom(
      '[',
      ']',
      '"',
      ',',
      '1',
      '0',
      '-',
      '.',
      'e',
      'metric',
      '"metric"',
      ',"k",',
      '\n',
      ' ',
      '\\',
      'ü',
    )
    fc.assert(
      fc.property(fc.array(alphabet, { maxLength: 12 }), (parts) => {
        const text = `[1,2,"metric"${parts.join('')}]\n`
        const line = read(text)
        if (!line) return
        expect((JSON.parse(text.slice(0, line.at(-1) as number)) as unknown[]).length).toBe(6)
      }),
      { numRuns: 2000 },
    )
  })

  test('series are told apart and recognised in any order', () => {
    const keys = ['a', 'ab', 'b', '', 'a', 'a', 'ab', 'b', 'a']
    const text = keys.map((key, index) => `[${index + 1},1,"metric","${key}",${index},1]\n`).join('')
    const reader = new MetricLineReader(Buffer.from(text), (key) => new PointBuffer(key))
    const found: string[] = []
    for (let at = 0; at < text.length;) {
      const line = reader.read(at)!
      found.push(line.series.points.key)
      at = line.end
    }
    expect(found).toEqual(keys)
  })
})
