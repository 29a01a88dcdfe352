import { expect, it } from 'vitest'
import { readCron, toTrigger } from './cron.ts'

it.each([
  ['*/10 * * * *', '*/10 * * * *'],
  ['0 9 * * 0', '0 9 * * 1'],
  ['0 9 * * 0-4', '0 9 * * 1-5'],
  ['0 9 * * 6,mon', '0 9 * * 7,mon'],
  ['0 9 * * */2', '0 9 * * */2'],
  [{ hour: 3 }, '0 3 * * *'],
  [{ minute: '*/5', second: null }, '*/5 * * * *'],
  [{ second: '*/10' }, '*/10 * * * * *'],
  [{ day: 2, year: '*' }, '0 0 2 * *'],
] as const)('%j is the expression %s', (written, expression) => {
  const read = readCron(written)
  expect(read.timing.expression).toBe(expression)
  expect(readCron(toTrigger(read.timing)).timing.expression).toBe(expression)
})

it.each(['* * * *', '0 9 * * 7', { year: 2030 }, {}, 5])('%j is refused with a sentence', (written) => {
  expect(() => readCron(written)).toThrow(/\w+ .*\.$/)
})
