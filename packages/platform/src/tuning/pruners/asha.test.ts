import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type AshaReport, createAshaPruner } from './asha.ts'

describe('ASHA', () => {
  it('lets one in four go on at the first rung, and compares again at the next', () => {
    const pruner = createAshaPruner({ direction: 'maximize' })
    expect([5, 4, 6, 3].map((value, trial) => pruner.report(trial, 1, value))).toEqual(['continue', 'stop', 'continue', 'stop'])
    expect([2, 3].map((step) => pruner.report(0, step, 0))).toEqual(['continue', 'continue'])
    expect(pruner.report(0, 4, 9)).toBe('continue')
    for (const step of [2, 3]) pruner.report(2, step, 0)
    expect(pruner.report(2, 4, 8)).toBe('stop')
  })

  it('decides nothing before minSteps and after maxSteps', () => {
    const pruner = createAshaPruner({ direction: 'minimize', minSteps: 3, maxSteps: 6, reductionFactor: 2 })
    const feed = (trial: string, value: number) => [1, 2, 3, 4, 5, 6, 7, 12, 99].map((step) => pruner.report(trial, step, value))
    expect(feed('good', 1)).not.toContain('stop')
    expect(feed('bad', 2)).toEqual(['continue', 'continue', ...Array.from({ length: 7 }, () => 'stop')])
  })

  it('takes NaN as the worst and treats equals alike', () => {
    const pruner = createAshaPruner({ direction: 'minimize' })
    expect(pruner.report('a', 0, Number.NaN)).toBe('continue')
    expect(pruner.report('b', 0, 1e300)).toBe('continue')
    expect(pruner.report('c', 0, Number.NaN)).toBe('stop')
    expect(pruner.report('d', 0, 1e300)).toBe('continue')
    expect(pruner.report('e', 0, Number.NEGATIVE_INFINITY)).toBe('stop')
  })

  const reports = fc.array(
    fc.record<AshaReport>({ trialId: fc.nat(8), step: fc.nat(20), value: fc.oneof(fc.double(), fc.integer({ min: 0, max: 3 })) }),
  )

  it('is rebuilt from its history, and a step told twice changes nothing', () => {
    fc.assert(
      fc.property(reports, fc.nat(), (all, at) => {
        const cut = all.length === 0 ? 0 : at % all.length
        const options = { direction: 'minimize', reductionFactor: 2 } as const
        const whole = createAshaPruner(options)
        const decisions = all.map(({ trialId, step, value }) => whole.report(trialId, step, value))
        const twice = all.slice(0, cut).flatMap((report) => [report, { ...report, value: 0 }])
        const resumed = createAshaPruner(options, twice)
        const rest = all.slice(cut).map(({ trialId, step, value }) => resumed.report(trialId, step, value))
        expect(rest).toEqual(decisions.slice(cut))
      }),
    )
  })

  it('never lets a stopped trial go on and never stops the best trial', () => {
    fc.assert(
      fc.property(reports, (all) => {
        const pruner = createAshaPruner({ direction: 'maximize' })
        const stopped = new Set<AshaReport['trialId']>()
        for (const { trialId, step, value } of all) {
          const decision = pruner.report(trialId, step, trialId === 0 ? 1e9 : Math.min(value, 1e6))
          if (stopped.has(trialId)) expect(decision).toBe('stop')
          if (decision === 'stop') stopped.add(trialId)
        }
        expect(stopped.has(0)).toBe(false)
      }),
    )
  })
})
