import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isAppError } from './errors.ts'
import { parseStopCondition, printStopCondition, type StopCondition, stopConditionHolds } from './stop-condition.ts'

const holds = (text: string, results: Parameters<typeof stopConditionHolds>[1]) =>
  stopConditionHolds(parseStopCondition(text), results)

describe('stop conditions', () => {
  it('compare results', () => {
    expect(holds('accuracy >= 0.95 and loss < 0.1', { accuracy: 0.95, loss: 0.09 })).toBe(true)
    expect(holds('accuracy>=0.95 and loss<0.1', { accuracy: 0.95, loss: 0.1 })).toBe(false)
    expect(holds('accuracy == 1 or not (loss > 0)', { accuracy: 0, loss: 0 })).toBe(true)
    expect(holds('"val/loss" <= -1e-3 and `a b` != 2', { 'val/loss': -0.001, 'a b': 3 })).toBe(true)
    expect(holds("status = 'good' and done = true", { status: 'good', done: true })).toBe(true)
    expect(holds('loss = -inf', { loss: '-Infinity' })).toBe(true)
  })

  it('never hold on results that are missing, NaN or of another type, not even under not', () => {
    for (const results of [{}, { loss: Number.NaN }, { loss: 'NaN' }, { loss: null }, { loss: 'low' }, { loss: [1] }]) {
      expect(holds('loss < 0.1', results)).toBe(false)
      expect(holds('loss != 0.1', results)).toBe(false)
      expect(holds('not loss < 0.1', results)).toBe(false)
      expect(holds('not loss < 0.1 or accuracy > 1', { ...results, accuracy: 2 })).toBe(true)
    }
    expect(holds('toString != 1', {})).toBe(false)
  })

  it('say where they are wrong', () => {
    const wrong: [string, number][] = [
      ['accuracy', 8],
      ['accuracy >=', 11],
      ['accuracy >= high', 12],
      ['0.9 < accuracy', 0],
      ["'a' > 1", 0],
      ['accuracy > 1 loss < 2', 13],
      ['done > true', 7],
      ['__import__("os")', 10],
    ]
    for (const [text, position] of wrong) {
      const failed = (() => {
        try {
          return parseStopCondition(text)
        } catch (error) {
          return error
        }
      })()
      expect(isAppError(failed, 'invalid_argument') && failed.details.position, text).toBe(position)
    }
  })

  it('are read back as printed', () => {
    const comparisons = fc.record({
      type: fc.constant('comparison' as const),
      name: fc.string({ minLength: 1 }),
      operator: fc.constantFrom('=' as const, '!=' as const),
      value: fc.oneof(fc.double({ noNaN: true }), fc.string(), fc.boolean()),
    })
    const { condition } = fc.letrec<{ condition: StopCondition }>((tie) => ({
      condition: fc.oneof(
        { depthSize: 'small' },
        comparisons,
        fc.record({ type: fc.constantFrom('and' as const, 'or' as const), left: tie('condition'), right: tie('condition') }),
        fc.record({ type: fc.constant('not' as const), operand: tie('condition') }),
      ),
    }))
    fc.assert(
      fc.property(condition, (tree) => {
        expect(parseStopCondition(printStopCondition(tree))).toEqual(tree)
      }),
    )
  })
})
