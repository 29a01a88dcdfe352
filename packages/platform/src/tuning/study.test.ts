import { isAppError, type JsonValue, type SweepSpec } from '@trainyard/contract'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createStudy, resolveStudySpec, type Study } from './study.ts'
import { type Trial, TrialHistory } from './trial-history.ts'

const studyOf = (sweep: SweepSpec, seed = 1): Study => createStudy(resolveStudySpec(sweep), seed)
const refusal = (sweep: SweepSpec): string => {
  try {
    studyOf(sweep)
  } catch (error) {
    if (isAppError(error, 'invalid_argument')) return error.message
    throw error
  }
  throw new Error('it was not refused')
}
const score = (parameters: Readonly<Record<string, JsonValue>>) => Number(parameters.a) - Number(parameters.b ?? 0)

/** Asks until done, completing each iteration at once. */
const runAll = (study: Study, history = new TrialHistory()): Trial[] => {
  for (;;) {
    const asked = study.ask(history)
    if (asked.kind === 'done') return history.trials()
    const { iteration, parameters } = asked
    history.record({ iteration, parameters, state: 'completed', value: score(parameters) })
  }
}
const parametersOf = (trials: Trial[]) => trials.map((trial) => trial.parameters)

describe('a grid', () => {
  it('is the product in the order of the keys, the last one fastest', () => {
    const study = studyOf({ hyperParameters: { b: [1, 2], a: ['x', 'y', 'z'] } })
    expect(study).toMatchObject({ strategy: 'grid', planned: 6, keys: ['b', 'a'] })
    expect(parametersOf(runAll(study)).map((one) => [one.b, one.a])).toEqual([
      [1, 'x'],
      [1, 'y'],
      [1, 'z'],
      [2, 'x'],
      [2, 'y'],
      [2, 'z'],
    ])
  })

  it('has every combination once', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 }), (sizes) => {
        const lists = Object.fromEntries(sizes.map((size, key) => [`k${key}`, Array.from({ length: size }, (_, index) => index)]))
        const all = parametersOf(runAll(studyOf({ hyperParameters: lists })))
        const product = sizes.reduce((left, right) => left * right)
        expect(new Set(all.map((one) => JSON.stringify(one))).size).toBe(product)
        expect(all).toHaveLength(product)
      }),
    )
  })

  it('is cut by maxIterations, and counts products beyond memory', () => {
    const list = Array.from({ length: 1_000 }, (_, index) => index)
    const hyperParameters = Object.fromEntries('abcdef'.split('').map((key) => [key, list]))
    expect(studyOf({ hyperParameters, maxIterations: 5 }).planned).toBe(5)
    expect(refusal({ hyperParameters })).toContain('more combinations')
  })

  it('refuses a distribution with the right form, but takes the values of a choice', () => {
    const uniform = { type: 'uniform', low: 0, high: 1 } as const
    expect(refusal({ strategy: 'grid', hyperParameters: { eta: uniform } })).toBe(
      'Hyper-parameter eta: strategy grid needs a list such as [1,2,3], not uniform(0, 1); distributions go with strategy random or tpe.',
    )
    expect(studyOf({ strategy: 'grid', hyperParameters: { a: { type: 'choice', values: [1, 2] } } }).planned).toBe(2)
  })
})

describe('a list', () => {
  it('takes the n-th value of each', () => {
    const study = studyOf({ strategy: 'list', hyperParameters: { a: [1, 2, 3], b: [4, 5, 6] } })
    expect(parametersOf(runAll(study))).toEqual([
      { a: 1, b: 4 },
      { a: 2, b: 5 },
      { a: 3, b: 6 },
    ])
  })

  it('refuses lists of different lengths, naming them', () => {
    expect(refusal({ strategy: 'list', hyperParameters: { a: [1, 2], b: [1] } })).toBe(
      'Strategy list needs lists of one length: a has 2, b has 1.',
    )
  })
})

describe('what goes together', () => {
  it('chooses the strategy from the values', () => {
    expect(studyOf({ hyperParameters: { a: { type: 'normal', mean: 0, std: 1 } } })).toMatchObject({
      strategy: 'random',
      planned: 10,
    })
    expect(
      createStudy(resolveStudySpec({}, { kind: 'rows', rows: { keys: ['a'], length: 2, row: (a) => ({ a }) } }), 1),
    ).toMatchObject({
      strategy: 'list',
      planned: 2,
    })
  })

  it('refuses the rest', () => {
    const rows = { kind: 'rows', rows: { keys: ['a'], length: 1, row: () => ({ a: 1 }) } } as const
    expect(refusal({})).toContain('varies nothing')
    expect(refusal({ strategy: 'custom', hyperParameters: { a: [1] } })).toContain('get_child_context')
    expect(refusal({ strategy: 'tpe', hyperParameters: { a: [1] } })).toContain('needs a selector')
    expect(refusal({ hyperParameters: { a: [] } })).toContain('the list is empty')
    expect(() => resolveStudySpec({ strategy: 'grid' }, rows)).toThrow('does not go with strategy grid')
    expect(() => resolveStudySpec({ hyperParameters: { a: [1] } }, rows)).toThrow('not from both')
  })
})

describe('every strategy', () => {
  const hyperParameters = {
    a: { type: 'uniform', low: -1, high: 1 },
    b: { type: 'int', low: 1, high: 9 },
    c: { type: 'choice', values: ['x', 'y'] },
  } as const satisfies NonNullable<SweepSpec['hyperParameters']>
  const sweeps: SweepSpec[] = [
    { hyperParameters: { a: [1, 2, 3, 4], b: [1, 2, 3, 4, 5] } },
    { strategy: 'random', hyperParameters, maxIterations: 20 },
    { strategy: 'tpe', selector: 'max.score', hyperParameters, maxIterations: 20 },
  ]

  it.each(sweeps)('goes on after a crash with the proposals it would have made: $strategy', (sweep) => {
    const whole = runAll(studyOf(sweep, 5))
    fc.assert(
      fc.property(fc.nat(20), (cut) => {
        const history = new TrialHistory(whole.slice(0, cut).toReversed())
        expect(runAll(studyOf(sweep, 5), history)).toEqual(whole)
      }),
      { numRuns: 10 },
    )
  })

  it('fills gaps first, without repeating what is there', () => {
    const study = studyOf(sweeps[1]!)
    const whole = runAll(study)
    const history = new TrialHistory(whole.filter((trial) => ![3, 7].includes(trial.iteration)))
    expect(study.ask(history)).toMatchObject({ kind: 'trial', iteration: 3, parameters: whole[2]!.parameters })
    expect(runAll(study, history)).toEqual(whole)
  })

  it('differs by seed where it draws', () => {
    expect(runAll(studyOf(sweeps[1]!, 1))).not.toEqual(runAll(studyOf(sweeps[1]!, 2)))
    expect(runAll(studyOf(sweeps[1]!, 1))).not.toEqual(runAll(studyOf(sweeps[1]!, 1 + 2 ** 32)))
  })
})
