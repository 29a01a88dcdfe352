import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MlflowError } from './errors.ts'
import { parseModelFilter, parseModelOrder, parseVersionFilter, parseVersionOrder } from './registry-filter.ts'

const noPrompts = { field: 'tag', key: 'mlflow.prompt.is_prompt', condition: { operator: 'is not', value: 'true' } }

describe('filters of models and versions', () => {
  test.each([
    ['', []],
    ["name = 'iris'", [{ field: 'name', condition: { operator: '=', value: 'iris' } }]],
    [
      "attribute.name ilike 'I%' and tags.`my tag` != \"it's\"",
      [
        { field: 'name', condition: { operator: 'ilike', value: 'I%' } },
        { field: 'tag', key: 'my tag', condition: { operator: '!=', value: "it's" } },
      ],
    ],
    ['run_id IN (\'a\', "b")', [{ field: 'run', condition: { operator: 'in', values: ['a', 'b'] } }]],
    ["name NOT  IN ('a')", [{ field: 'name', condition: { operator: 'not in', values: ['a'] } }]],
    [
      "version_number >= 3 AND version_number != '7'",
      [
        { field: 'version', operator: '>=', value: 3 },
        { field: 'version', operator: '!=', value: 7 },
      ],
    ],
    ["source_path LIKE 's3://%' ", [{ field: 'source', condition: { operator: 'like', value: 's3://%' } }]],
    ["tag.a.b = 'x'", [{ field: 'tag', key: 'a.b', condition: { operator: '=', value: 'x' } }]],
  ])('%s', (filter, clauses) => expect(parseVersionFilter(filter)).toEqual([...clauses, noPrompts]))

  test.each([
    ["tag.`mlflow.prompt.is_prompt` != 'true'", 'is not'],
    ["tags.`mlflow.prompt.is_prompt` = 'false'", 'is not'],
    ["tags.`mlflow.prompt.is_prompt` = 'true'", '='],
    ["tags.`mlflow.prompt.is_prompt` != 'FALSE'", '='],
  ])('%s decides about prompts', (filter, operator) => {
    const expected = [{ ...noPrompts, condition: { operator, value: 'true' } }]
    expect([parseModelFilter(filter), parseVersionFilter(filter)]).toEqual([expected, expected])
  })

  test.each([
    ["name = 'a' OR name = 'b'", "Invalid clause(s) in filter string: 'OR'"],
    ["run_id = 'x'", "Invalid attribute key 'run_id' specified"],
    ["metrics.a = 'x'", "Invalid entity type 'metrics'"],
    ["name == 'x'", "Invalid comparator '=='"],
    ["name > 'x'", "Invalid comparator '>'"],
    ["tags.a IN ('x')", "Invalid comparator 'IN'"],
    ["name = 'a'; name = 'b'", 'Search filter contained multiple expression'],
    ['name = 3', 'Expected a quoted string value'],
    ['name = x', 'Invalid clause(s) in filter string'],
    ["name = 'x", 'Invalid clause(s) in filter string'],
    ['name IN ()', 'expected a non-empty list of string values'],
    ['tags.a/b = 1', 'Invalid clause(s) in filter string'],
    [Array.from({ length: 100 }, () => "name = 'a'").join(' and '), 'more than 99 conditions'],
  ])('%s is refused', (filter, message) => expect(() => parseModelFilter(filter)).toThrow(message))

  test.each([
    ["current_stage = 'Production'", "Invalid attribute key 'current_stage' specified"],
    ['version_number = 1.5', "Invalid value for numeric attribute 'version_number'"],
    ["version_number = 'x'", 'Expected numeric value type'],
    ["version_number LIKE '1'", "Invalid comparator 'LIKE'"],
    ["source_path IN ('a')", "Invalid comparator 'IN'"],
  ])('%s is refused for versions', (filter, message) => expect(() => parseVersionFilter(filter)).toThrow(message))

  test('any text is read or refused as the client`s mistake', () => {
    const part = fc.constantFrom(
      'name',
      'tags.',
      '`a b`',
      '=',
      "'x'",
      '"',
      "'",
      'AND',
      'IN',
      '(',
      ')',
      ',',
      '3',
      ' ',
      ';',
      '.',
      'version_number',
    )
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(part).map((parts) => parts.join(' ')),
          fc.array(part).map((parts) => parts.join('')),
        ),
        (text) => {
          for (const parse of [parseModelFilter, parseVersionFilter]) {
            try {
              parse(text)
            } catch (error) {
              expect(error).toBeInstanceOf(MlflowError)
              expect((error as MlflowError).code).toBe('INVALID_PARAMETER_VALUE')
            }
          }
        },
      ),
      { numRuns: 1000 },
    )
  })
})

describe('orders', () => {
  test('an order of versions is completed by name and version', () => {
    expect(parseVersionOrder([])).toEqual([])
    expect(parseVersionOrder(['version_number', 'attribute.creation_timestamp desc'])).toEqual([
      { field: 'version', direction: 'ascending' },
      { field: 'created', direction: 'descending' },
      { field: 'name', direction: 'ascending' },
    ])
    expect(parseModelOrder(['timestamp DESC'])).toEqual([{ field: 'updated', direction: 'descending' }])
  })

  test.each([
    [['creation_timestamp']],
    [['name', 'name DESC']],
    [['timestamp', 'last_updated_timestamp']],
    [['name UP']],
    [['']],
    [['tags.a']],
  ])('%j is refused', (order) => expect(() => parseModelOrder(order)).toThrow(MlflowError))
})
