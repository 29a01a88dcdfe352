import { expect, test } from 'vitest'
import { checkNotification, checkReceivers, isForEveryServer, parseNotification } from './index.ts'

const check = (written: string, secrets: Record<string, string> = {}, allowPrivate = true) =>
  checkReceivers([parseNotification(written)], { secrets, allowPrivate })

test.each([
  ['webhook=nourl', 'The url of the notification webhook is not of the form https://host/path'],
  ['webhook=ftp://example.org/x', 'is not of the form https://host/path'],
  ['webhook', 'need url: give it with the notification, or as the project'],
  ['slack', 'SLACK_WEBHOOK'],
  ['webhook=$HOOK', 'is the secret HOOK, which the project does not have'],
  ['github=a/b#1', 'GIT_TOKEN'],
])('%s is refused before the run', (written, sentence) => {
  expect(() => check(written)).toThrow(sentence)
})

test('what secrets of the project complete is taken, and a secret that is no address is not repeated', () => {
  check('console')
  check('slack', { SLACK_WEBHOOK: 'https://hooks.example.org/x' })
  check('webhook=$HOOK', { HOOK: 'https://hooks.example.org/x' })
  expect(() => check('slack', { SLACK_WEBHOOK: 'hush-hush' })).toThrow(/^(?!.*hush-hush)/)
})

test.each(['http://127.0.0.1:9/x', 'https://10.0.0.1/x', 'https://localhost/x', 'http://example.org/x'])(
  'a server sends to %s only where it was told to',
  (url) => {
    check(`webhook=${url}`)
    expect(() => check(`webhook=${url}`, {}, false)).toThrow('trainyard up --allow-private-addresses')
    expect(isForEveryServer(parseNotification(`webhook=${url}`), {})).toBe(false)
  },
)

test('any server sends to a public address over https', () => {
  check('webhook=https://example.org/x', {}, false)
  expect(isForEveryServer(parseNotification('webhook=https://example.org/x'), {})).toBe(true)
})

test.each([
  ['slack', { webhook: 7 }, 'webhook'],
  ['slack', { webhook: 'file:///etc/passwd' }, 'webhook'],
  ['teams', { webhook: 'https://example.org/\0' }, 'webhook'],
  ['webhook', { url: 'https://example.org/\r\nx' }, 'url'],
  ['webhook', { url: 'https://example.org/', method: 'TRACE' }, 'method'],
  ['webhook', { url: 'https://example.org/', headers: { 'x-a': 'b\r\nc: d' } }, 'headers'],
  ['mail', { email_addresses: 'ada@example.org\r\nbcc: eve@example.org' }, 'email_addresses'],
  ['mail', { email_addresses: ['ada@example.org\r\n'] }, 'email_addresses'],
  ['mail', { email_addresses: 'ada@example.org', sender_address: 'a@b\nc' }, 'sender_address'],
  ['mail', { email_addresses: 'ada@example.org', server_port: 70_000 }, 'server_port'],
  ['git', { repo: '../../x', issue: '1' }, 'repo'],
  ['git', { repo: 'a/b', issue: 'one' }, 'issue'],
] as const)('%s with %j is refused wherever receivers are given, by the name of the field', (kind, params, field) => {
  const sentence = `The ${field} of the notification ${kind} `
  expect(() => checkNotification({ kind, params })).toThrow(sentence)
  expect(() => checkNotification({ kind, secretParams: params })).toThrow(sentence)
  const secrets = { MAIL_SERVER_HOST: 'mail.example.org', GIT_TOKEN: 'hush' }
  expect(() => checkReceivers([{ kind, params }], { secrets, allowPrivate: true })).toThrow(sentence)
})

test('names of secrets stand for values, and repositories may be of a group', () => {
  checkNotification({ kind: 'slack', params: { webhook: { secret: 'HOOK' } } })
  checkNotification({ kind: 'git', params: { repo: 'group/sub group/repo', issue: 12 } })
  checkNotification({ kind: 'mail', params: { email_addresses: 'a@example.org, b@example.org;' } })
})

test('a wrong condition is called by its name', () => {
  expect(() => checkNotification({ kind: 'console', condition: 'accuracy >' })).toThrow(/^Condition of the notification console/)
})
