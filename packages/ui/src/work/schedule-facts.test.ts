import { expect, it, vi } from 'vitest'

// Times are written as somebody chose in the browser.
vi.hoisted(() => vi.stubGlobal('localStorage', { getItem: () => null }))
const { describeTiming, functionAddress, givenBy, upcomingTexts, whatOf, zoneOf } = await import('./schedule-facts.ts')

it.each([
  [{ function: 'db://digits:v1', task: { handler: 'train' }, commandLine: ['trainyard', 'run'] }, 'digits:v1'],
  [{ task: { command: '/home/train.py' }, commandLine: ['trainyard', 'run'] }, 'train.py'],
  [{ task: {}, code: { name: 'sent.py' } }, 'sent.py'],
])('what %j starts is %s', (job, what) => {
  expect(whatOf({ job })).toBe(what)
})

it.each([
  ['db://vision/digits:v1', '/p/vision/functions/digits'],
  ['digits@abc123', '/p/night/functions/digits?version=abc123'],
  ['digits', '/p/night/functions/digits'],
  ['hub://describe', undefined],
  [undefined, undefined],
])('a schedule of %s leads to %s', (reference, address) => {
  expect(functionAddress({ project: 'night', job: reference === undefined ? {} : { function: reference } })).toBe(address)
})

it('what a schedule gives its runs is told from what is asked for', () => {
  const notifications = [{ kind: 'slack', when: ['failed'] }]
  expect(givenBy({ job: { task: { parameters: { eta: 1 }, notifications } } })).toEqual({
    parameters: { eta: 1 },
    inputs: {},
    receivers: notifications,
  })
  expect(givenBy({ job: {} })).toEqual({ parameters: {}, inputs: {}, receivers: [] })
})

it('times are told in the zone of the schedule, and in that of the reader when its clock differs', () => {
  const atMs = Date.UTC(2026, 0, 5, 2)
  expect(upcomingTexts([atMs], 'Europe/Berlin', 'UTC')).toEqual({
    there: '5 Jan 2026, 03:00:00 (Europe/Berlin)',
    here: '5 Jan 2026, 02:00:00 (UTC)',
  })
  expect(upcomingTexts([atMs], 'Etc/UTC', 'UTC')).toEqual({ there: '5 Jan 2026, 02:00:00 (Etc/UTC)' })
  expect(zoneOf({ kind: 'cron', expression: '0 3 * * *' })).toBe('UTC')
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
