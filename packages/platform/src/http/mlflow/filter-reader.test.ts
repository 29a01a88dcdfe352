import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MlflowError } from './errors.ts'
import { readClauses, readOrder } from './filter-reader.ts'
import { parseRunFilter } from './run-filter.ts'

describe('filters', () => {
  test('clauses are read with every kind of name, comparator and value', () => {
    expect(
      readClauses(
        `metrics.\`val acc\` >= -1.5e3 and tags."my tag" LiKe '%it''s%' AND \`run name\` != "x" and run_id not  in ('a','b') aNd params.a.b_1='='`,
      ),
    ).toEqual([
      { identifier: { entity: 'metrics', key: 'val acc' }, comparator: '>=', value: { kind: 'number', number: -1500 } },
      { identifier: { entity: 'tags', key: 'my tag' }, comparator: 'LIKE', value: { kind: 'text', text: "%it''s%" } },
      { identifier: { entity: undefined, key: 'run name' }, comparator: '!=', value: { kind: 'text', text: 'x' } },
      { identifier: { entity: undefined, key: 'run_id' }, comparator: 'NOT IN', value: { kind: 'list', texts: ['a', 'b'] } },
      { identifier: { entity: 'params', key: 'a.b_1' }, comparator: '=', value: { kind: 'text', text: '=' } },
    ])
    expect(readClauses('  ')).toEqual([])
  })

  test('what is not understood is named', () => {
    const said = (filter: string): string => {
      try {
        parseRunFilter(filter)
      } catch (error) {
        return (error as Error).message
      }
      return ''
    }
    expect(said('metrics.a > 1 OR metrics.b > 2')).toContain("Invalid clause(s) in filter string: 'OR'")
    expect(said('metrics.a > 1; metrics.b > 2')).toContain('Search filter contained multiple expression')
    expect(said("attributes.foo = 'x'")).toContain("Invalid attribute key 'foo' specified")
    expect(said("foo.a = 'x'")).toContain("Invalid entity type 'foo'")
    expect(said("metrics.a > 'x'")).toContain('Expected numeric value type for metric')
    expect(said('params.a = 0.1')).toContain("Expected a quoted string value for parameter (e.g. 'my-value'). Got value 0.1")
    expect(said('metrics.a == 1')).toContain("Invalid comparator '=='")
    expect(said("tags.a IN ('x')")).toContain('Invalid comparator')
    expect(said('metrics.a/b > 1')).toContain('Invalid clause(s) in filter string')
    expect(said("run_id IN ('a', 5)")).not.toBe('')
  })

  test('any text at all is read or refused as the client’s mistake', () => {
    const pieces = [
      'metrics',
      'params',
      'tags.',
      '.',
      'a',
      '`',
      '"',
      "'",
      ' ',
      '=',
      '!=',
      '>',
      'LIKE',
      'IN',
      '(',
      ')',
      ',',
      '1',
      '-',
      '1e9',
      'AND',
      'or',
      ';',
      '\\',
      '\u0000',
      'é',
    ]
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.constantFrom(...pieces), fc.string({ unit: 'binary' })), { maxLength: 20 }), (parts) => {
        for (const read of [parseRunFilter, readOrder]) {
          try {
            read(parts.join(''))
          } catch (error) {
            if (!(error instanceof MlflowError)) throw error
          }
        }
      }),
      { numRuns: 2_000 },
    )
  })
})

describe('orders', () => {
  test('a key, and a direction in any case', () => {
    expect(readOrder('metrics.`a b` dEsC')).toEqual({ identifier: { entity: 'metrics', key: 'a b' }, direction: 'descending' })
    expect(readOrder('start_time')).toEqual({ identifier: { entity: undefined, key: 'start_time' }, direction: 'ascending' })
    expect(() => readOrder('start_time sideways')).toThrow('Invalid ordering key in order_by clause')
  })
})
