import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { newRunId, type NotificationSpec, type RunRecord } from '@trainyard/contract'
import * as fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { systemClock } from '../base/clock.ts'
import { createSecretBox } from '../base/secret-box.ts'
import { openDatabase } from '../database/index.ts'
import { createTestPlace } from '../database/testing/test-place.ts'
import { openReceiver } from '../deliveries/testing/receiver.ts'
import { createNotifications, deliverFor, type NotificationOptions, parseNotification, startNotifications } from './index.ts'
import { fillTemplate } from './message.ts'
import { openMailServer } from './testing/smtp-server.ts'

const keys = mkdtempSync(join(tmpdir(), 'trainyard-keys-'))
afterAll(() => rmSync(keys, { recursive: true }))
const box = createSecretBox(join(keys, 'secret.key'))

const base: RunRecord = {
  ...({} as RunRecord),
  name: 'train',
  project: 'p',
  experiment: 'e',
  state: 'completed',
  stateReason: null,
  startedAtMs: 1_000,
  endedAtMs: 3_500,
  owner: 'ada',
  host: 'here',
  iteration: 0,
  parameters: { eta: 0.1 },
  results: { accuracy: 0.9, note: 'fine' },
  labels: { team: 'vision' },
  error: null,
}

async function open(secrets: Record<string, string> = {}) {
  const place = await createTestPlace()
  const database = await openDatabase(place.place)
  await database.write(async (transaction) => {
    await transaction.insertRows('projects', ['number', 'name', 'created_at'], [[1, 'p', 1]])
    await transaction.insertRows('experiments', ['number', 'project', 'name', 'created_at'], [[1, 1, 'e', 1]])
  })
  const printed: string[] = []
  const records = new Map<string, RunRecord>()
  const options: NotificationOptions = {
    database,
    box,
    clock: systemClock,
    allowPrivate: true,
    firstPauseMs: 1,
    findRun: (id) => Promise.resolve(records.get(id)),
    openSecrets: () => Promise.resolve(secrets),
    print: (line) => printed.push(line),
    onProblem: (error) => expect.unreachable(String(error)),
  }
  const notifications = createNotifications(database, { box })
  return {
    database,
    notifications,
    options,
    printed,
    /** A run in this state, with its notifications. */
    async run(given: NotificationSpec[], record: Partial<RunRecord> = {}): Promise<string> {
      const id = newRunId(Date.now())
      const run = { ...base, ...record, id }
      records.set(id, run)
      const columns = [
        'id',
        'project',
        'experiment',
        'name',
        'kind',
        'iteration',
        'state',
        'created_at',
        'ended_at',
        'updated_at',
        'owner',
        'host',
        'attempt',
      ] as const
      await database.write((transaction) =>
        transaction.insertRows('runs', columns, [[id, 1, 1, run.name, 'run', 0, run.state, 1, 2, 2, 'ada', 'here', 1]]),
      )
      await notifications.attach(id, given)
      return id
    },
    [Symbol.asyncDispose]: async () => {
      await database.close()
      await place.remove()
    },
  }
}

async function until<Value>(look: () => Promise<Value | undefined>): Promise<Value> {
  for (const end = Date.now() + 60_000; Date.now() < end; await sleep(10)) {
    const found = await look()
    if (found !== undefined) return found
  }
  throw new Error('nothing happened within a minute')
}

describe('what a run is told to', () => {
  test('Slack, Teams, a webhook and Git services get it in their own words, secrets by reference', async () => {
    await using receiver = await openReceiver()
    await using opened = await open({ HOOK: `${receiver.url}/slack`, GIT_TOKEN: 'hush' })
    const git = { repo: 'owner/repo', issue: '7', server: receiver.url }
    const id = await opened.run([
      { kind: 'slack', params: { webhook: { secret: 'HOOK' } } },
      { kind: 'teams', secretParams: { webhook: `${receiver.url}/teams` } },
      { kind: 'webhook', params: { url: `${receiver.url}/hook`, method: 'PUT', headers: { 'X-Own': 1 } } },
      {
        kind: 'webhook',
        params: { url: `${receiver.url}/own`, override_body: { text: '{{run.name}}: {{results.accuracy}}', all: '{{ runs }}' } },
      },
      { kind: 'git', params: git },
      { kind: 'git', params: { ...git, gitlab: true, merge_request: true } },
      { kind: 'git', params: { ...git, repo: 'org/project/repo', azure: true } },
    ])
    await deliverFor(id, opened.options)
    expect((await opened.notifications.ofRun(id)).map(({ status, reason }) => reason ?? status)).toEqual(Array(7).fill('sent'))
    const by = Object.fromEntries(
      receiver.received.map(({ path, body, headers }) => [path, { headers, body: JSON.parse(body) as Record<string, unknown> }]),
    )
    expect(by['/slack']!.body['text']).toContain('train completed')
    expect(JSON.stringify(by['/teams']!.body)).toContain('AdaptiveCard')
    expect(by['/hook']).toMatchObject({ headers: { 'x-own': '1' }, body: { runs: [{ id, results: { accuracy: 0.9 } }] } })
    expect(by['/own']!.body).toMatchObject({ text: 'train: 0.9', all: [{ name: 'train' }] })
    expect(by['/repos/owner/repo/issues/7/comments']).toMatchObject({ headers: { authorization: 'Bearer hush' } })
    expect(by['/api/v4/projects/owner%2Frepo/merge_requests/7/notes']).toMatchObject({ headers: { 'private-token': 'hush' } })
    const azure = by['/org/project/_apis/git/repositories/repo/pullRequests/7/threads?api-version=7.1']
    expect(azure).toMatchObject({ body: { comments: [{ commentType: 1 }] } })
  })

  test('mail goes to every address, signed in when there is a password', async () => {
    await using mail = await openMailServer()
    await using opened = await open({ MAIL_SERVER_HOST: '127.0.0.1', MAIL_SERVER_PORT: String(mail.port), MAIL_PASSWORD: 'pass' })
    const id = await opened.run([
      {
        kind: 'mail',
        message: 'Accuracy {{results.accuracy}} für {{labels.team}}',
        params: { email_addresses: 'a@example.org, b@example.org', username: 'me' },
      },
    ])
    await deliverFor(id, opened.options)
    expect(await opened.notifications.ofRun(id)).toMatchObject([{ status: 'sent', reason: null }])
    expect(mail.mails).toMatchObject([{ to: ['a@example.org', 'b@example.org'], login: 'me:pass' }])
    expect(mail.mails[0]!.data).toContain('Accuracy 0.9 f')
  })

  test('a recipient that is refused is not tried again, a busy mail server is', async () => {
    await using mail = await openMailServer()
    await using opened = await open({ MAIL_SERVER_HOST: '127.0.0.1', MAIL_SERVER_PORT: String(mail.port) })
    mail.answers.push('550 nobody here')
    const refused = await opened.run([{ kind: 'mail', params: { email_addresses: ['a@example.org'] } }])
    await deliverFor(refused, opened.options)
    expect(await opened.notifications.ofRun(refused)).toMatchObject([{ status: 'error' }])
    mail.answers.push('451 later')
    const busy = await opened.run([{ kind: 'mail', params: { email_addresses: ['a@example.org'] } }])
    await using _runner = startNotifications(opened.options)
    await until(async () => (await opened.notifications.ofRun(busy)).find(({ status }) => status === 'sent'))
    expect(await opened.notifications.deliveries({ runId: busy })).toMatchObject([{ state: 'delivered', attempts: 2 }])
  })

  test('what waits is sent again, by another process if need be, and each once', async () => {
    await using receiver = await openReceiver()
    await using opened = await open()
    receiver.answers.push({ status: 503 }, { status: 500 })
    const id = await opened.run([{ kind: 'webhook', params: { url: receiver.url } }])
    await using _one = startNotifications(opened.options)
    await using _two = startNotifications(opened.options)
    await until(async () => (await opened.notifications.ofRun(id)).find(({ status }) => status === 'sent'))
    expect(receiver.received).toHaveLength(3)
    expect(await opened.notifications.deliveries({ project: 'p' })).toMatchObject([
      { state: 'delivered', attempts: 3, status: 200 },
    ])
  })
})

describe('when', () => {
  test.each<[Partial<NotificationSpec>, Partial<RunRecord>, 'sent' | 'skipped']>([
    [{ when: ['failed'] }, {}, 'skipped'],
    [{ when: ['failed', 'aborted'] }, { state: 'aborted' }, 'sent'],
    [{ condition: 'accuracy < 0.95' }, {}, 'sent'],
    [{ condition: 'accuracy > 0.95' }, {}, 'skipped'],
    [{ condition: 'missing > 0' }, {}, 'skipped'],
  ])('%j of %j is %s', async (spec, record, status) => {
    await using opened = await open()
    const id = await opened.run([{ kind: 'console', ...spec }], record)
    await deliverFor(id, opened.options)
    expect(await opened.notifications.ofRun(id)).toMatchObject([{ status }])
    expect(opened.printed.length > 0).toBe(status === 'sent')
  })

  test('nothing is told before the run has ended, and a run that begins again tells again', async () => {
    await using opened = await open()
    const id = await opened.run([{ kind: 'console', message: 'over' }], { state: 'running' })
    await deliverFor(id, opened.options)
    expect(await opened.notifications.ofRun(id)).toMatchObject([{ status: 'pending' }])
    const end = (state: string) =>
      opened.database.write(
        async ({ kysely }) => void (await kysely.updateTable('runs').set({ state }).where('id', '=', id).execute()),
      )
    await end('failed')
    await deliverFor(id, opened.options)
    await deliverFor(id, opened.options)
    expect(opened.printed.filter((line) => line.includes('over'))).toHaveLength(1)
    await opened.notifications.arm(id, [{ kind: 'console', message: 'not used' }])
    await deliverFor(id, opened.options)
    expect(opened.printed.filter((line) => line.includes('over'))).toHaveLength(2)
    expect(await opened.notifications.deliveries({ runId: id })).toHaveLength(2)
  })
})

describe('what cannot be', () => {
  test.each<[NotificationSpec, string]>([
    [{ kind: 'pigeon' as 'slack' }, "not 'pigeon'"],
    [{ kind: 'console', condition: '__import__("os")' }, 'Condition of the notification console'],
    [{ kind: 'console', when: [] }, 'empty list of moments'],
  ])('%j is refused before the work', async (spec, sentence) => {
    await using opened = await open()
    await expect(opened.run([spec])).rejects.toThrow(sentence)
  })

  test('a missing secret or parameter is in the log, with what to do', async () => {
    await using opened = await open()
    const id = await opened.run([
      { kind: 'slack', params: { webhook: { secret: 'GONE' } } },
      { kind: 'git', params: { repo: 'a/b', issue: '1' } },
    ])
    await deliverFor(id, opened.options)
    const [slack, git] = await opened.notifications.ofRun(id)
    expect(slack!.reason).toContain('trainyard project secrets set GONE=…')
    expect(git!.reason).toContain('GIT_TOKEN')
  })

  test('no address of this machine is told anything where that is not allowed, and no secret is in a log or a list', async () => {
    await using receiver = await openReceiver()
    await using mail = await openMailServer()
    await using opened = await open({ MAIL_SERVER_HOST: 'localhost', MAIL_SERVER_PORT: String(mail.port) })
    const address = `${receiver.url}/services/very-secret`
    const id = await opened.run([
      { kind: 'slack', secretParams: { webhook: address } },
      { kind: 'mail', params: { email_addresses: 'a@example.org' } },
    ])
    await deliverFor(id, { ...opened.options, allowPrivate: false })
    expect(await opened.notifications.ofRun(id)).toMatchObject([{ status: 'error', hasSecrets: true }, { status: 'error' }])
    expect(receiver.received).toEqual([])
    expect(mail.mails).toEqual([])
    expect(JSON.stringify([await opened.notifications.ofRun(id), await opened.notifications.deliveries({})])).not.toContain(
      'very-secret',
    )
    const rows = await opened.database.read(({ kysely }) => kysely.selectFrom('notifications').selectAll().execute())
    expect(JSON.stringify(rows)).not.toContain('very-secret')
  })

  test.each([
    ['slak=x', 'did you mean slack'],
    ['github=owner/repo', 'owner/repository#number'],
    ['console=x', 'takes no address'],
  ])('--notify %s is refused', (text, sentence) => {
    expect(() => parseNotification(text)).toThrow(sentence)
  })
})

test('--notify: what is a secret is kept as one', () => {
  expect(parseNotification('slack=$HOOK')).toEqual({ kind: 'slack', params: { webhook: { secret: 'HOOK' } } })
  expect(parseNotification('slack=https://x/y')).toEqual({ kind: 'slack', secretParams: { webhook: 'https://x/y' } })
  expect(parseNotification('email=a@b.c')).toEqual({ kind: 'mail', params: { email_addresses: 'a@b.c' } })
  expect(parseNotification('gitlab=g/r!3')).toMatchObject({
    kind: 'git',
    params: { repo: 'g/r', issue: '3', gitlab: true, merge_request: true },
  })
})

test('a template never does more than put texts into places', () => {
  const run = { ...base, id: 'x' }
  expect(
    fillTemplate('{{run.name}} {{ results.accuracy }} {{results.none}}{{parameters.eta}} {{project}} {{what.else}} {{x}}', run),
  ).toBe('train 0.9 0.1 p {{what.else}} {{x}}')
  fc.assert(fc.property(fc.string(), (text) => typeof fillTemplate(text, run) === 'string'))
  expect(fillTemplate('{{run.constructor}}{{results.__proto__}}', run)).toBe('')
})
