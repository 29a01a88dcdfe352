import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isAppError } from './errors.ts'
import { maxExpressionDepth } from './expression-reader.ts'
import { parseRunFilter, parseRunSort } from './filter-parser.ts'
import { printRunFilter, printRunSort } from './filter-print.ts'
import { type FilterValue, type RunField, type RunFilter, type RunSort, runAttributes } from './filter.ts'
import { runStates } from './states.ts'

const nowMs = Date.parse('2026-11-21T12:00:00Z')
const parse = (text: string) => parseRunFilter(text, { nowMs })
const failure = (action: () => unknown): { message: string; position: number } => {
  try {
    action()
  } catch (error) {
    if (isAppError(error, 'invalid_argument')) return { message: error.message, position: Number(error.details.position) }
    throw error
  }
  throw new Error('it did not fail')
}

const names = fc.oneof(
  fc.constantFrom('accuracy', 'val/loss', 'a b', 'x.y', '0', "it's", 'and', '"', '\\'),
  fc.string({ minLength: 1 }),
)
const numbers = fc.oneof(fc.double(), fc.integer(), fc.constantFrom(-0, Number.NaN, Number.POSITIVE_INFINITY, 1e-7, 1e300))
const attributeFields = fc.constantFrom(...runAttributes).map((name): RunField => ({ scope: 'attribute', name }))
const namedFields = fc
  .tuple(fc.constantFrom('metrics', 'params', 'labels', 'results'), names)
  .map(([scope, name]): RunField => ({ scope, name }))
const fields = fc.oneof(attributeFields, namedFields)

const valuesOf = (field: RunField): fc.Arbitrary<FilterValue> => {
  if (field.scope === 'metrics') return numbers
  if (field.scope === 'labels') return fc.string()
  if (field.scope !== 'attribute') return fc.oneof(numbers, fc.string(), fc.boolean())
  switch (field.name) {
    case 'iteration':
      return numbers
    case 'created':
    case 'started':
    case 'ended':
      return fc.oneof(fc.integer({ min: -1e15, max: 1e15 }), fc.double({ noNaN: true, noDefaultInfinity: true }))
    case 'duration':
      return fc.oneof(
        fc.nat(),
        fc.nat().map((hours) => hours * 3_600_000),
        fc.double({ min: 0, max: 1e12, noNaN: true }),
      )
    case 'state':
      return fc.constantFrom(...runStates)
    case 'kind':
      return fc.constantFrom('run', 'sweep', 'iteration')
    default:
      return fc.string()
  }
}
const isText = (field: RunField) =>
  field.scope === 'attribute'
    ? !['iteration', 'created', 'started', 'ended', 'duration'].includes(field.name)
    : field.scope !== 'metrics'

const conditions: fc.Arbitrary<RunFilter> = fields.chain((field) => {
  const plain = fc
    .tuple(fc.constantFrom('=', '!=', '<', '<=', '>', '>='), valuesOf(field))
    .map(([operator, value]): RunFilter => ({ type: 'comparison', field, operator, value }))
  const patterns = fc
    .tuple(fc.constantFrom('like', 'ilike', 'contains'), fc.string())
    .map(([operator, value]): RunFilter => ({ type: 'comparison', field, operator, value }))
  const lists = fc
    .tuple(fc.array(valuesOf(field), { minLength: 1, maxLength: 4 }), fc.boolean())
    .map(([values, negated]): RunFilter => ({ type: 'in', field, values, negated }))
  const nulls = fc.boolean().map((negated): RunFilter => ({ type: 'null', field, negated }))
  return isText(field) ? fc.oneof(plain, patterns, lists, nulls) : fc.oneof(plain, lists, nulls)
})
const { filter: filters } = fc.letrec<{ filter: RunFilter }>((tie) => ({
  filter: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    conditions,
    fc.record({ type: fc.constantFrom('and', 'or'), left: tie('filter'), right: tie('filter') }),
    fc.record({ type: fc.constant('not' as const), operand: tie('filter') }),
  ),
}))

describe('parseRunFilter', () => {
  it('reads the example of the documentation', () => {
    expect(parse(`metrics.accuracy > 0.9 and params.eta = 0.3 and (state = 'completed' or not labels.team like 'a%')`)).toEqual({
      type: 'and',
      left: {
        type: 'and',
        left: { type: 'comparison', field: { scope: 'metrics', name: 'accuracy' }, operator: '>', value: 0.9 },
        right: { type: 'comparison', field: { scope: 'params', name: 'eta' }, operator: '=', value: 0.3 },
      },
      right: {
        type: 'or',
        left: { type: 'comparison', field: { scope: 'attribute', name: 'state' }, operator: '=', value: 'completed' },
        right: {
          type: 'not',
          operand: { type: 'comparison', field: { scope: 'labels', name: 'team' }, operator: 'like', value: 'a%' },
        },
      },
    })
  })

  it('reads back what it prints', () => {
    fc.assert(
      fc.property(filters, (filter) => {
        expect(parse(printRunFilter(filter))).toEqual(filter)
      }),
      { numRuns: 500 },
    )
  })

  it('never fails otherwise than with a sentence and a position inside the text', () => {
    const pieces = fc.constantFrom(
      'metrics.',
      'a',
      ' and ',
      'or',
      '(',
      ')',
      "'",
      '"x"',
      '>=',
      '=',
      ' in (',
      ',',
      'is null',
      '1e',
      '-',
      '\\',
      '.',
    )
    const garbage = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(pieces).map((parts) => parts.join('')),
    )
    fc.assert(
      fc.property(garbage, (text) => {
        try {
          parse(text)
        } catch (error) {
          if (!isAppError(error, 'invalid_argument')) throw error
          expect(error.details.position).toBeGreaterThanOrEqual(0)
          expect(error.details.position).toBeLessThanOrEqual(text.length)
        }
      }),
      { numRuns: 2_000 },
    )
  })

  it.each([
    ['metric.a == 1', 'metrics.a = 1'],
    ['tags.team <> "x"', `labels.team != 'x'`],
    ['parameter.`a b` IN (1, -1e-3, TRUE)', 'params."a b" in (1, -0.001, true)'],
    ['metrics.val/loss < inf', 'metrics.val/loss < inf'],
    ['metrics."val/loss" < -inf', 'metrics.val/loss < -inf'],
    ['attributes.State = completed', `state = 'completed'`],
    ['labels.build = 007', `labels.build = '007'`],
    [`name = 'it''s'`, String.raw`name = 'it\'s'`],
    ['parent is null and iteration NOT IN (1)', 'parent is null and iteration not in (1)'],
    [`name not like 'a%'`, `not name like 'a%'`],
    ['duration > "1h 30m"', `duration > '90m'`],
    [`started > '2h'`, `started > '2026-11-21T10:00:00.000Z'`],
    [`started > '2 d ago'`, `started > '2026-11-19T12:00:00.000Z'`],
    [`ended <= '2026-11-20'`, `ended <= '2026-11-20T00:00:00.000Z'`],
    [`ended <= '2026-11-20T10:00+02:00'`, `ended <= '2026-11-20T08:00:00.000Z'`],
    ['(((state = running)))', `state = 'running'`],
    [
      'state = running and (state = failed and state = aborted)',
      `state = 'running' and (state = 'failed' and state = 'aborted')`,
    ],
  ])('reads %s as %s', (text, canonical) => {
    expect(printRunFilter(parse(text))).toBe(canonical)
  })

  it.each([
    ['', 0, 'expected a field'],
    ['metrics.a >', 11, 'expected a value'],
    ['metrics.a 5', 10, 'expected an operator'],
    ['stat = 1', 0, 'did you mean state?'],
    ['accuracy > 0.9', 0, 'write metrics.accuracy'],
    ['metrix.a > 0.9', 0, 'did you mean metrics?'],
    ['attributes.stat = 1', 11, 'did you mean state?'],
    [`state = 'complete'`, 8, 'did you mean completed?'],
    [`metrics.a > '0.9'`, 12, 'is a number'],
    [`metrics.a like 'x'`, 10, 'compares texts'],
    ['params.a = red', 11, 'in quotes'],
    [`created > 'tomorrow'`, 10, 'is not a time'],
    [`created > '2026-02-30'`, 10, 'is not a time'],
    ['created > 2026-02-03', 10, 'put it in quotes'],
    ['duration > 5', 11, 'number with a unit'],
    [`name = 'abc`, 7, 'no closing'],
    ['(state = running', 16, 'expected )'],
    ['state = running)', 15, 'expected and, or'],
    ['iteration in ()', 14, 'expected a value'],
    ['state # 1', 6, 'unexpected character #'],
    ['metrics.5x > 1 5x', 15, 'neither a number nor a name'],
    ['a\u{1F600}', 1, '\u{1F600}'],
  ])('says where %s is wrong', (text, position, message) => {
    const failed = failure(() => parse(text))
    expect(failed.message).toContain(message)
    expect(failed.message).toContain(`column ${position + 1}`)
    expect(failed.position).toBe(position)
  })

  it('answers text that is nested or chained too deep with a sentence', () => {
    const deep = 10_000
    expect(failure(() => parse(`${'('.repeat(deep)}state = running${')'.repeat(deep)}`)).message).toContain('nested deeper')
    expect(failure(() => parse(`${'not '.repeat(deep)}state = running`)).message).toContain('nested deeper')
    expect(failure(() => parse(Array.from({ length: deep }, () => 'iteration = 1').join(' or '))).message).toContain('use in')
    const fine = maxExpressionDepth
    expect(parse(`${'('.repeat(fine)}iteration = 1${')'.repeat(fine)}`)).toMatchObject({ type: 'comparison' })
  })
})

describe('parseRunSort', () => {
  it('reads fields with directions', () => {
    expect(parseRunSort('metrics.accuracy desc, started, params."a b" ASC')).toEqual([
      { field: { scope: 'metrics', name: 'accuracy' }, direction: 'descending' },
      { field: { scope: 'attribute', name: 'started' }, direction: 'ascending' },
      { field: { scope: 'params', name: 'a b' }, direction: 'ascending' },
    ])
    expect(failure(() => parseRunSort('started down')).position).toBe(8)
    expect(failure(() => parseRunSort('started,')).position).toBe(8)
  })

  it('reads back what it prints', () => {
    const sorts = fc.array(fc.record({ field: fields, direction: fc.constantFrom('ascending', 'descending') }), { minLength: 1 })
    fc.assert(
      fc.property(sorts, (value: RunSort[]) => {
        expect(parseRunSort(printRunSort(value))).toEqual(value)
      }),
    )
  })
})
