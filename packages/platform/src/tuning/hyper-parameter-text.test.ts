import { isAppError, inferValue } from '@trainyard/contract'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type HyperParameter, printHyperParameter, sampleHyperParameter } from './distributions.ts'
import { parseHyperParameter } from './hyper-parameter-text.ts'
import { createRandom } from './random.ts'

const failure = (text: string): string => {
  try {
    parseHyperParameter('lr', text)
  } catch (error) {
    if (isAppError(error, 'invalid_argument')) return error.message
    throw error
  }
  throw new Error('it did not fail')
}

const bounds = fc
  .tuple(fc.integer({ min: -1_000, max: 1_000 }), fc.nat(1_000))
  .map(([low, range]) => ({ low, high: low + range }))
const positive = fc.tuple(fc.integer({ min: 1, max: 1_000 }), fc.nat(1_000)).map(([low, range]) => ({ low, high: low + range }))
const distributions: fc.Arbitrary<HyperParameter> = fc.oneof(
  fc.array(fc.jsonValue(), { minLength: 1 }) as fc.Arbitrary<HyperParameter>,
  bounds.map((ends) => ({ type: 'uniform', ...ends }) as const),
  bounds.map(({ low, high }) => ({ type: 'uniform', low, high, step: 0.1 }) as const),
  positive.map((ends) => ({ type: 'loguniform', ...ends }) as const),
  bounds.map((ends) => ({ type: 'int', ...ends }) as const),
  bounds.map(({ low, high }) => ({ type: 'int', low, high, step: 3 }) as const),
  positive.map(({ low, high }) => ({ type: 'int', low, high, log: true }) as const),
  fc.integer().map((mean) => ({ type: 'normal', mean, std: 2 }) as const),
  fc
    .array(
      fc.oneof(
        fc.string().filter((text) => JSON.stringify(text) === `"${text}"`),
        fc.integer(),
        fc.boolean(),
      ),
      {
        minLength: 1,
      },
    )
    .map((values) => ({ type: 'choice', values }) as const),
)

describe('parseHyperParameter', () => {
  it.each<[string, HyperParameter]>([
    ['[1, 2.5, "a", true, null, [1]]', [1, 2.5, 'a', true, null, [1]]],
    ['[rbf, linear]', ['rbf', 'linear']],
    ["['rbf',1e-3,True.]", ['rbf', 0.001, 'True.']],
    ['loguniform(1e-4,1e-1)', { type: 'loguniform', low: 1e-4, high: 0.1 }],
    ['Uniform( 0 , 1 )', { type: 'uniform', low: 0, high: 1 }],
    ['uniform(0,1,step=0.25)', { type: 'uniform', low: 0, high: 1, step: 0.25 }],
    ['int(-1,10)', { type: 'int', low: -1, high: 10 }],
    ['int(0,100,10)', { type: 'int', low: 0, high: 100, step: 10 }],
    ['int(1,64,log)', { type: 'int', low: 1, high: 64, log: true }],
    ['choice(a, "b c", 3)', { type: 'choice', values: ['a', 'b c', 3] }],
    ['normal(0,1)', { type: 'normal', mean: 0, std: 1 }],
  ])('reads %s', (text, expected) => {
    expect(parseHyperParameter('lr', text)).toEqual(expected)
  })

  it('reads back what it prints', () => {
    fc.assert(
      fc.property(distributions, (hyperParameter) => {
        expect(parseHyperParameter('x', printHyperParameter(hyperParameter))).toEqual(JSON.parse(JSON.stringify(hyperParameter)))
      }),
    )
  })

  it.each([
    ['5', "write -x lr='[5]'"],
    ['5,2,3', "write -x lr='[5,2,3]'"],
    ['', "write -x lr='[1,2,3]'"],
    ['[]', 'the list is empty'],
    ['[1,2', 'expected ] or a comma'],
    ['unifrom(0,1)', 'uniform(0, 1)'],
    ['uniform(0)', 'expected , between the two numbers'],
    ['uniform(a,b)', 'expected a number'],
    ['uniform(2,1)', 'the lower bound 2 is above the upper bound 1'],
    ['loguniform(0,1)', 'must be above 0'],
    ['int(1,2.5)', 'whole numbers'],
    ['int(0,5,log)', 'at least 1'],
    ['int(0,5,step=0.5)', 'the step 0.5 does not fit'],
    ['normal(0,0)', 'above 0'],
    ['normal(0,1,2)', 'expected )'],
    ['normal(0,1e308)', 'would be infinite'],
    ['uniform(0,1,step=1e-320)', 'too small'],
    ['uniform(0,1) and more', 'nothing behind the distribution'],
    ['choice()', 'the list is empty'],
  ])('refuses %s with the right form', (text, sentence) => {
    expect(failure(text)).toContain(sentence)
  })

  it('never fails otherwise than with a sentence', () => {
    const pieces = fc.constantFrom('[', ']', '(', ')', ',', 'int', 'uniform', 'choice', '1', '-2', 'step=', 'log', "'", '"', '\\')
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(pieces).map((parts) => parts.join('')),
        ),
        (text) => {
          try {
            parseHyperParameter('x', text)
          } catch (error) {
            if (!isAppError(error, 'invalid_argument')) throw error
          }
        },
      ),
    )
  })
})

describe('sampleHyperParameter', () => {
  it('stays inside the bounds and on the steps, and repeats itself for a seed', () => {
    fc.assert(
      fc.property(distributions, fc.nat(), (hyperParameter, seed) => {
        const value = sampleHyperParameter(hyperParameter, createRandom(seed, 1))
        expect(sampleHyperParameter(hyperParameter, createRandom(seed, 1))).toEqual(value)
        if (Array.isArray(hyperParameter)) expect(hyperParameter).toContain(value)
        if (!('low' in hyperParameter) || typeof value !== 'number') return
        expect(value).toBeGreaterThanOrEqual(hyperParameter.low)
        expect(value).toBeLessThanOrEqual(hyperParameter.high)
        if (hyperParameter.type === 'int') expect((value - hyperParameter.low) % (hyperParameter.step ?? 1)).toBe(0)
      }),
    )
  })

  it('draws each distribution with its mean', () => {
    const meanOf = (hyperParameter: HyperParameter) => {
      let sum = 0
      for (let stream = 0; stream < 4_000; stream++) sum += Number(sampleHyperParameter(hyperParameter, createRandom(7, stream)))
      return sum / 4_000
    }
    expect(meanOf({ type: 'uniform', low: 0, high: 1 })).toBeCloseTo(0.5, 1)
    expect(meanOf({ type: 'int', low: 1, high: 3 })).toBeCloseTo(2, 1)
    expect(meanOf({ type: 'normal', mean: 5, std: 1 })).toBeCloseTo(5, 1)
    expect(meanOf([0, 1])).toBeCloseTo(0.5, 1)
    expect(Math.abs(meanOf({ type: 'loguniform', low: 1e-4, high: 1 }) - (1 - 1e-4) / Math.log(1e4))).toBeLessThan(0.02)
  })
})

it.each<[string, unknown]>([
  ['1', 1],
  ['-1.5e3', -1500],
  ['.5', 0.5],
  ['+2', 2],
  ['3.', 3],
  ['0.30', 0.3],
  ['007', '007'],
  ['1_000', '1_000'],
  ['-', '-'],
  ['.', '.'],
  ['e5', 'e5'],
  ['12345678901234567890', '12345678901234567890'],
  ['true', true],
  ['None', null],
  ['[1,"a"]', [1, 'a']],
  ['{bad', '{bad'],
  ['2026-11-21', '2026-11-21'],
  [' text ', ' text '],
])('a text %s without a type stands for %j', (text, value) => {
  expect(inferValue(text)).toEqual(value)
})
