import { expect, it } from 'vitest'
import { checkCall } from './check-call.ts'

const check = (code: string, parameters: Record<string, string | number> = {}): void =>
  checkCall({ name: 'job.py', code, codeFile: 'job.py' }, { handler: 'train', parameters })

it.each([
  ['a decorator', '@with_model\ndef train(context, model): ...'],
  ['a decorator of several lines, with a comment below', '@retry(\n  times=3,\n)\n# as agreed\ndef train(context, model): ...'],
  ['an import', 'from lib import train'],
  ['an assignment', 'train = make(1)'],
])('leaves what %s makes of a handler to the run', (_what, code) => {
  check(code, { eta: 1 })
})

it('looks at a handler behind another that is decorated', () => {
  const code = '@once\ndef load():\n    return 1\n\n\ndef train(context, eta: float): ...\n'
  expect(() => check(code, { etta: 1 })).toThrow('train has no parameter "etta" (did you mean eta?)')
})

it.each(['1_000', '1e-3', '-inf', ' 7 '])('takes %s for a number, as Python does', (eta) => {
  check('def train(eta: float): ...', { eta })
})

it.each(['1__0', '_1', 'high', ''])('does not take "%s" for a number', (eta) => {
  expect(() => check('def train(eta: float): ...', { eta })).toThrow('must be float')
})
