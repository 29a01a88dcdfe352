import type { JsonValue, RunState } from '@trainyard/contract'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bestIteration, compareValues, parseSelector, printSelector } from './selector.ts'

const child = (iteration: number, results: Record<string, JsonValue>, state: RunState = 'completed') => ({
  id: `run-${iteration}`,
  iteration,
  state,
  results,
})
const bestOf = (text: string, values: JsonValue[]): number | undefined => {
  const best = bestIteration(
    parseSelector(text),
    values.map((value, index) => child(index + 1, { score: value })),
  )
  return best.kind === 'best' ? best.child.iteration : undefined
}

describe('parseSelector', () => {
  it('reads a direction and a name, and takes a bare name as max', () => {
    expect(parseSelector('max.accuracy')).toEqual({ direction: 'maximize', name: 'accuracy' })
    expect(parseSelector(' MIN.val.loss ')).toEqual({ direction: 'minimize', name: 'val.loss' })
    expect(parseSelector('val.accuracy')).toEqual({ direction: 'maximize', name: 'val.accuracy' })
    expect(printSelector(parseSelector('accuracy'))).toBe('max.accuracy')
    expect(() => parseSelector('max.')).toThrow('names no result')
    expect(() => parseSelector(' ')).toThrow('names no result')
  })
})

describe('bestIteration', () => {
  it('is right for zero, negative values, NaN and infinities', () => {
    expect(bestOf('max.score', [-3, -1, -2])).toBe(2)
    expect(bestOf('max.score', [-1, 0, -2])).toBe(2)
    expect(bestOf('min.score', [1, 0, 2])).toBe(2)
    expect(bestOf('min.score', [1, -5, 2])).toBe(2)
    expect(bestOf('max.score', [Number.NaN, -4, Number.NaN])).toBe(2)
    expect(bestOf('max.score', ['NaN', 'Infinity', -4])).toBe(3)
    expect(bestOf('min.score', [Number.NEGATIVE_INFINITY, 8])).toBe(2)
    expect(bestOf('min.score', [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN])).toBe(2)
    expect(bestOf('max.score', ['high', true, null, 0])).toBe(4)
  })

  it('takes the earliest of equals, in whatever order they come', () => {
    const children = [child(3, { a: 1 }), child(1, { a: 1 }), child(2, { a: 1 })]
    expect(bestIteration(parseSelector('a'), children)).toMatchObject({ kind: 'best', value: 1, child: { iteration: 1 } })
  })

  it('passes over iterations that did not complete', () => {
    const children = [child(1, { a: 9 }, 'failed'), child(2, { a: 8 }, 'aborted'), child(3, { a: 1 })]
    expect(bestIteration(parseSelector('a'), children)).toMatchObject({ child: { iteration: 3 } })
  })

  it('says why there is none and what was logged', () => {
    const selector = parseSelector('max.acuracy')
    expect(bestIteration(selector, [])).toMatchObject({ reason: 'no_iterations' })
    expect(bestIteration(selector, [child(1, {}, 'failed')])).toMatchObject({ reason: 'none_completed' })
    expect(bestIteration(selector, [child(1, { acuracy: 'NaN' })])).toMatchObject({ reason: 'not_a_number' })
    expect(bestIteration(selector, [child(1, { loss: 1, accuracy: 2, note: 'x' })])).toEqual({
      kind: 'none',
      reason: 'not_logged',
      message: 'No iteration logged acuracy, which the selector max.acuracy asks for; they logged accuracy, loss.',
      logged: ['accuracy', 'loss'],
    })
  })

  it('agrees with the greatest finite number', () => {
    fc.assert(
      fc.property(fc.array(fc.double(), { minLength: 1 }), (values) => {
        const finite = values.filter((value) => Number.isFinite(value))
        fc.pre(finite.length > 0)
        const best = bestIteration(
          parseSelector('a'),
          values.map((value, index) => child(index, { a: value })),
        )
        expect(best).toMatchObject({ kind: 'best', value: expect.closeTo(Math.max(...finite)) })
      }),
    )
  })

  it('orders all numbers in one way', () => {
    const numbers = fc.double()
    fc.assert(
      fc.property(numbers, numbers, numbers, fc.constantFrom('maximize' as const, 'minimize' as const), (a, b, c, direction) => {
        const order = (left: number, right: number) => Math.sign(compareValues(left, right, direction))
        expect(order(a, b) + order(b, a)).toBe(0)
        if (order(a, b) <= 0 && order(b, c) <= 0) expect(order(a, c)).toBeLessThanOrEqual(0)
      }),
    )
  })
})
