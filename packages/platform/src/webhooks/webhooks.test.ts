import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, expect, test } from 'vitest'
import { systemClock } from '../base/clock.ts'
import { createSecretBox } from '../base/secret-box.ts'
import { type Database, openDatabase } from '../database/index.ts'
import { createTestPlace } from '../database/testing/test-place.ts'
import type { DeliveryRunner } from '../deliveries/index.ts'
import { createWebhooks, startDeliveries, type Webhooks } from './index.ts'
import { sign } from './send.ts'
import { openReceiver } from '../deliveries/testing/receiver.ts'

const keys = mkdtempSync(join(tmpdir(), 'trainyard-keys-'))
afterAll(() => rmSync(keys, { recursive: true }))
const secrets = createSecretBox(join(keys, 'secret.key'))

interface Opened extends AsyncDisposable {
  database: Database
  webhooks: Webhooks
  start(options?: { allowPrivate?: boolean }): DeliveryRunner
  /** Notes a change of the registry as the registry does. */
  change(change: { kind: string; version?: number; key?: string; before?: string; after?: string }): Promise<void>
}

async function open(): Promise<Opened> {
  const { place, remove } = await createTestPlace()
  const database = await openDatabase(place)
  const options = { secrets, clock: systemClock }
  await database.write(async (transaction) => {
    await transaction.insertRows('projects', ['number', 'name', 'created_at'], [[1, 'p', 1]])
    const columns = [
      'number',
      'project',
      'name',
      'plain_name',
      'description',
      'created_at',
      'updated_at',
      'created_by',
      'next_version',
    ]
    await transaction.insertRows('registered_models', columns, [[1, 1, 'm', 'm', 'd', 1, 1, 'me', 1]])
  })
  return {
    database,
    webhooks: createWebhooks(database, { ...options, allowPrivate: true }),
    start: ({ allowPrivate = true } = {}) =>
      startDeliveries({
        database,
        ...options,
        allowPrivate,
        firstPauseMs: 1,
        onProblem: (error) => expect.unreachable(String(error)),
      }),
    change: ({
      kind,
      version = null,
      key = null,
      before = null,
      after = null,
    }: {
      kind: string
      version?: number | null
      key?: string | null
      before?: string | null
      after?: string | null
    }) =>
      database.write(async ({ kysely }) => {
        const event = { model: 1, kind, version, key, before, after, at: Date.now(), by: 'me', via: 'test', reason: null }
        await kysely.insertInto('registry_events').values(event).execute()
      }),
    [Symbol.asyncDispose]: async () => {
      await database.close()
      await remove()
    },
  }
}

/** Waits for what another part of the program does in its own time. */
async function until<Value>(look: () => Promise<Value | undefined> | Value | undefined): Promise<Value> {
  for (const end = Date.now() + 25_000; Date.now() < end; await sleep(10)) {
    const value = await look()
    if (value !== undefined && value !== false) return value
  }
  throw new Error('It did not happen.')
}

test('a change is told to those who ask for it, signed, once', async () => {
  await using opened = await open()
  await using receiver = await openReceiver()
  const { webhooks, change, start } = opened
  const asking = await webhooks.create({
    project: 'p',
    name: 'a',
    url: `${receiver.url}/a`,
    events: ['model_version_tag.set'],
    secret: 's3',
  })
  await webhooks.create({ project: 'p', name: 'b', url: `${receiver.url}/b`, events: ['registered_model.created'] })
  await webhooks.create({ project: 'p', name: 'c', url: `${receiver.url}/c`, events: ['model_version_tag.set'], isActive: false })
  await webhooks.create({ project: 'q', name: 'd', url: `${receiver.url}/d`, events: ['model_version_tag.set'] })
  await change({ kind: 'tag_set', version: 3, key: 'k', after: 'v' })
  await using _deliveries = start()
  const [told] = await until(() => (receiver.received.length > 0 ? receiver.received : undefined))
  expect(told!.path).toBe('/a')
  expect(JSON.parse(told!.body)).toMatchObject({
    entity: 'model_version_tag',
    action: 'set',
    workspace: 'p',
    data: { name: 'm', version: '3', key: 'k', value: 'v' },
  })
  const { 'x-mlflow-delivery-id': deliveryId, 'x-mlflow-timestamp': seconds, 'x-mlflow-signature': signature } = told!.headers
  expect(signature).toBe(sign('s3', { deliveryId: String(deliveryId), seconds: String(seconds), body: told!.body }))
  const log = await until(async () => (await webhooks.deliveries('p', asking.id)).find(({ state }) => state === 'delivered'))
  expect(log).toMatchObject({ id: deliveryId, event: 'model_version_tag.set', attempts: 1, status: 200, error: null })
  expect(receiver.received).toHaveLength(1)
})

test('what is told of a new version is how it was then, whatever has changed since', async () => {
  await using opened = await open()
  await using receiver = await openReceiver()
  const { change, database } = opened
  const events = ['model_version.created'] as const
  await opened.webhooks.create({ project: 'p', name: 'a', url: receiver.url, events: [...events] })
  await change({ kind: 'version_created', version: 1, after: 's3://bucket/model' })
  // The version is changed and its model renamed before the message goes out.
  await database.write(async (transaction) => {
    const version = { number: 7, model: 1, version: 1, source: 's3://bucket/model', location: 's3://bucket/model' }
    const rest = { description: 'rewritten', stage: 'None', status: 'ready', created_at: 1, updated_at: 1, created_by: 'me' }
    await transaction.kysely
      .insertInto('model_versions')
      .values({ ...version, ...rest })
      .execute()
    await transaction.insertRows(
      'model_version_tags',
      ['version', 'key', 'value'],
      [
        [7, 'kept', 'a'],
        [7, 'changed', 'now'],
        [7, 'added', 'later'],
      ],
    )
    await transaction.kysely.updateTable('registered_models').set({ name: 'renamed' }).execute()
  })
  await change({ kind: 'tag_set', version: 1, key: 'changed', before: 'then', after: 'between' })
  await change({ kind: 'tag_set', version: 1, key: 'changed', before: 'between', after: 'now' })
  await change({ kind: 'tag_set', version: 1, key: 'added', after: 'later' })
  await change({ kind: 'tag_removed', version: 1, key: 'gone', before: 'was here' })
  await change({ kind: 'tag_removed', version: 2, key: 'of another', before: 'x' })
  await change({ kind: 'description_changed', version: 1, before: 'first', after: 'rewritten' })
  await change({ kind: 'model_renamed', before: 'm', after: 'renamed' })
  await using _deliveries = opened.start()
  const [told] = await until(() => (receiver.received.length > 0 ? receiver.received : undefined))
  expect(JSON.parse(told!.body).data).toEqual({
    name: 'm',
    version: '1',
    source: 's3://bucket/model',
    run_id: null,
    tags: { kept: 'a', changed: 'then', gone: 'was here' },
    description: 'first',
  })
})

test('what fails is tried again with growing pauses, under the same id, until it is taken', async () => {
  await using opened = await open()
  await using receiver = await openReceiver()
  const { id } = await opened.webhooks.create({
    project: 'p',
    name: 'a',
    url: receiver.url,
    events: ['registered_model.created'],
  })
  receiver.answers.push({ status: 503 }, { status: 429, headers: { 'retry-after': '0' } }, { status: 500 })
  await opened.change({ kind: 'model_created', after: 'm' })
  await using _deliveries = opened.start()
  const done = await until(async () => (await opened.webhooks.deliveries('p', id)).find(({ state }) => state === 'delivered'))
  expect(done.attempts).toBe(4)
  expect(new Set(receiver.received.map(({ headers }) => headers['x-mlflow-delivery-id'])).size).toBe(1)
})

test('what the receiver refuses is not repeated, and the log says why', async () => {
  await using opened = await open()
  await using receiver = await openReceiver()
  const { id } = await opened.webhooks.create({
    project: 'p',
    name: 'a',
    url: receiver.url,
    events: ['registered_model.created'],
  })
  receiver.answers.push({ status: 404 })
  await opened.change({ kind: 'model_created', after: 'm' })
  await using _deliveries = opened.start()
  const failed = await until(async () => (await opened.webhooks.deliveries('p', id)).find(({ state }) => state === 'failed'))
  expect(failed).toMatchObject({ attempts: 1, status: 404, error: 'It answered with 404: thanks' })
})

test('what waits when the server stops is sent by the next one, and two servers send it once', async () => {
  await using opened = await open()
  await using receiver = await openReceiver()
  const { id } = await opened.webhooks.create({
    project: 'p',
    name: 'a',
    url: receiver.url,
    events: ['model_version_alias.created'],
  })
  {
    await using _stopped = opened.start()
  }
  for (let at = 0; at < 20; at++) await opened.change({ kind: 'alias_set', version: 1, key: `a${at}`, after: '1' })
  await using _first = opened.start()
  await using _second = opened.start()
  await until(async () => (await opened.webhooks.deliveries('p', id)).filter(({ state }) => state === 'delivered').length === 20)
  const told = receiver.received.map(({ body }) => (JSON.parse(body) as { data: { alias: string } }).data.alias)
  expect(told.toSorted()).toEqual(Array.from({ length: 20 }, (_, at) => `a${at}`).toSorted())
})

test('addresses of this machine and of private networks get nothing, however they are reached', async () => {
  await using opened = await open()
  await using receiver = await openReceiver()
  const { id } = await opened.webhooks.create({
    project: 'p',
    name: 'a',
    url: receiver.url,
    events: ['registered_model.created'],
  })
  await opened.change({ kind: 'model_created', after: 'm' })
  await using _deliveries = opened.start({ allowPrivate: false })
  const failed = await until(async () => (await opened.webhooks.deliveries('p', id)).find(({ state }) => state === 'failed'))
  expect(failed.error).toContain('not encrypted')
  expect(receiver.received).toHaveLength(0)
})

test('a test says what came back, and changes nothing', async () => {
  await using opened = await open()
  await using receiver = await openReceiver()
  const { webhooks } = opened
  const { id } = await webhooks.create({ project: 'p', name: 'a', url: receiver.url, events: ['prompt_version.created'] })
  expect(await webhooks.test('p', id)).toEqual({ isDelivered: true, status: 200, body: 'thanks', error: null })
  expect(JSON.parse(receiver.received[0]!.body)).toMatchObject({
    entity: 'prompt_version',
    data: { template: 'Hello {{name}}!' },
  })
  receiver.answers.push({ status: 500 })
  expect(await webhooks.test('p', id, 'prompt_tag.set')).toMatchObject({ isDelivered: false, status: 500 })
  await webhooks.update('p', id, { url: 'http://127.0.0.1:1/' })
  expect((await webhooks.test('p', id)).error).toContain('Cannot reach')
  expect(await webhooks.deliveries('p', id)).toEqual([])
})

test('secrets are stored so that the database alone does not tell them', async () => {
  await using opened = await open()
  const { id } = await opened.webhooks.create({
    project: 'p',
    name: 'a',
    url: 'https://example.org/',
    events: ['prompt.created'],
    secret: 'very secret',
  })
  const { secret } = await opened.database.read(({ kysely }) =>
    kysely.selectFrom('webhooks').select('secret').where('id', '=', id).executeTakeFirstOrThrow(),
  )
  expect(secret).not.toContain('very secret')
  expect(secrets.open(secret!)).toBe('very secret')
  const other = createSecretBox(join(keys, 'another.key'))
  expect(() => other.open(secret!)).toThrow('cannot be read with the key')
})
