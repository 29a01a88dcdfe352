import { expect, it } from 'vitest'
import { commandOf, durationOf } from './job-command.ts'

it.each([
  ['1h', 3_600_000],
  ['1h30m', 5_400_000],
  [' 1.5 m 2 s ', 92_000],
  ['45', 45_000],
  [10, 10_000],
  ['-1', undefined],
  ['1w', undefined],
  ['', undefined],
  [`${'1'.repeat(4_000)}!`, undefined],
] as const)('the duration %j has %j milliseconds, however odd it is written', (written, expected) => {
  expect(durationOf(written)).toBe(expected)
})

it('variables that name secrets are those of the project', () => {
  const env = [
    { name: 'TOKEN', valueFrom: { secretKeyRef: { name: 'project', key: 'token' } } },
    { name: 'A', value: '1' },
  ]
  const { environment, environmentSecrets } = commandOf({}, { spec: { command: 'x.py', env } })
  expect([environmentSecrets, environment['A']]).toEqual([{ TOKEN: { secret: 'project', key: 'token' } }, '1'])
})
