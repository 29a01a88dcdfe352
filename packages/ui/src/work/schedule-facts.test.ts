import { expect, it, vi } from 'vitest'

// Times are written as somebody chose in the browser.
vi.hoisted(() => vi.stubGlobal('localStorage', { getItem: () => null }))
const { describeTiming, whatOf } = await import('./schedule-facts.ts')

it.each([
  [{ function: 'db://digits:v1', task: { handler: 'train' }, commandLine: ['trainyard', 'run'] }, 'digits:v1'],
  [{ task: { command: '/home/train.py' }, commandLine: ['trainyard', 'run'] }, 'train.py'],
  [{ task: {}, code: { name: 'sent.py' } }, 'sent.py'],
])('what %j starts is %s', (job, what) => {
  expect(whatOf({ job })).toBe(what)
})

it.each([
  [30_000, 'every 30 s'],
  [1_500, 'every 1.5 s'],
  [900_000, 'every 15m'],
  [5_400_000, 'every 1h 30m'],
  [86_400_000, 'every 1d'],
])('an interval of %i ms is %s', (everyMs, text) => {
  expect(describeTiming({ kind: 'interval', everyMs })).toBe(text)
})
