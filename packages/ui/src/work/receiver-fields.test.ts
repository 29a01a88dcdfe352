import { expect, it } from 'vitest'
import { nobody, notificationsOf } from './receiver-fields.tsx'

it('an address that lets whoever has it write there is sent as a secret, and what was left empty is not sent', () => {
  expect(notificationsOf({ kind: 'slack', when: 'bad', values: { webhook: ' https://hooks.example.org/x ' } })).toEqual({
    notifications: [
      { kind: 'slack', when: ['failed', 'aborted'], params: {}, secretParams: { webhook: 'https://hooks.example.org/x' } },
    ],
  })
  expect(notificationsOf({ kind: 'git', when: 'any', values: { repo: 'owner/name', issue: '12', webhook: 'of slack' } })).toEqual(
    {
      notifications: [{ kind: 'git', params: { repo: 'owner/name', issue: '12' }, secretParams: {} }],
    },
  )
  expect(notificationsOf({ kind: 'teams', when: 'good', values: {} }).notifications).toEqual([
    { kind: 'teams', when: ['completed'], params: {}, secretParams: {} },
  ])
  expect(notificationsOf(nobody)).toEqual({})
})
