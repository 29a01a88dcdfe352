import { expect, it } from 'vitest'
import { openShop } from '../testing/shop.ts'

const entity = (id: string) => ({ kind: 'job', project: 'p1', ids: [id] })
const alert = (more: object) => ({
  severity: 'high',
  entities: entity('train'),
  trigger: { events: ['failed'] },
  reset_policy: 'auto',
  notifications: [{ notification: { kind: 'slack', name: 's' } }],
  ...more,
})

it('an event that an alert waits for makes an activation; those of others do not', async () => {
  await using shop = await openShop()
  await shop.ask('PUT', 'v1/projects/p1/alerts/broken', alert({}))
  const tell = (name: string, id: string) => shop.ask('POST', `v1/projects/p1/events/${name}`, { kind: name, entity: entity(id) })
  await tell('failed', 'another')
  await tell('data-drift-detected', 'train')
  expect((await shop.ask('GET', 'v1/projects/p1/alert-activations')).json().activations).toEqual([])
  await tell('failed', 'train')
  await tell('failed', 'train')
  const { activations } = (await shop.ask('GET', 'v1/projects/p1/alert-activations?name=broken&severity=high')).json()
  expect(activations).toHaveLength(2)
  expect(activations[0]).toMatchObject({
    name: 'broken',
    project: 'p1',
    entity_id: 'train',
    event_kind: 'failed',
    number_of_events: 1,
    notifications: [{ kind: 'slack', summary: { failed: 0, succeeded: 0 } }],
    reset_time: expect.any(String),
  })
  const one = await shop.ask('GET', `v1/projects/p1/alert-activations/${activations[0].id}`)
  expect(one.json()).toEqual(activations[0])
  expect((await shop.ask('GET', 'v1/projects/p1/alert-activations?severity=low')).json().activations).toEqual([])
})

it('an alert that counts is active at the last of its events, and silent until somebody resets it', async () => {
  await using shop = await openShop()
  await shop.ask('PUT', 'v1/projects/p1/alerts/often', alert({ reset_policy: 'manual', criteria: { count: 2, period: '10m' } }))
  const tell = () => shop.ask('POST', 'v1/projects/p1/events/failed', { kind: 'failed', entity: entity('train') })
  const state = async () => (await shop.ask('GET', 'v1/projects/p1/alerts/often')).json()
  await tell()
  expect(await state()).toMatchObject({ state: 'inactive', count: 0 })
  await tell()
  await tell()
  expect(await state()).toMatchObject({ state: 'active', count: 1 })
  const activations = async () => (await shop.ask('GET', 'v1/projects/p1/alert-activations')).json().activations
  expect(await activations()).toEqual([expect.objectContaining({ number_of_events: 2, reset_time: null })])
  await shop.ask('POST', 'v1/projects/p1/alerts/often/reset')
  expect(await state()).toMatchObject({ state: 'inactive', count: 0 })
  expect(await state()).not.toHaveProperty('event_times')
  expect(await activations()).toEqual([expect.objectContaining({ reset_time: expect.any(String) })])
})

it('of events at once each is counted, and an alert that somebody has to reset is made active once', async () => {
  await using shop = await openShop()
  const told = 12
  for (const [name, count] of [
    ['never', told + 1],
    ['once', told],
    ['early', 2],
  ] as const)
    await shop.ask('PUT', `v1/projects/p1/alerts/${name}`, alert({ reset_policy: 'manual', criteria: { count, period: '10m' } }))
  await shop.ask('PUT', 'v1/projects/p1/alerts/each', alert({}))
  const tell = () => shop.ask('POST', 'v1/projects/p1/events/failed', { kind: 'failed', entity: entity('train') })
  const answers = await Promise.all(Array.from({ length: told }, tell))
  expect(answers.map(({ statusCode }) => statusCode)).toEqual(Array.from({ length: told }, () => 200))
  const { activations } = (await shop.ask('GET', 'v1/projects/p1/alert-activations')).json()
  const of = (name: string) => activations.filter((each: { name: string }) => each.name === name)
  expect(of('once')).toEqual([expect.objectContaining({ number_of_events: told })])
  expect(of('early')).toEqual([expect.objectContaining({ number_of_events: 2 })])
  expect(of('each')).toHaveLength(told)
  expect(of('never')).toEqual([])
  expect((await shop.ask('GET', 'v1/projects/p1/alerts/each')).json()).toMatchObject({ count: told })
  await tell()
  expect((await shop.ask('GET', 'v1/projects/p1/alert-activations?name=never')).json().activations).toHaveLength(1)
})

it('one event makes activations of hundreds of alerts, each under a number of its own', async () => {
  await using shop = await openShop()
  const names = Array.from({ length: 300 }, (_, at) => `a${at}`)
  await Promise.all(names.map((name) => shop.ask('PUT', `v1/projects/p1/alerts/${name}`, alert({}))))
  const told = await shop.ask('POST', 'v1/projects/p1/events/failed', { kind: 'failed', entity: entity('train') })
  expect(told.statusCode).toBe(200)
  const { activations } = (await shop.ask('GET', 'v1/projects/p1/alert-activations')).json()
  expect(new Set(activations.map((each: { name: string }) => each.name))).toEqual(new Set(names))
  expect(new Set(activations.map((each: { id: number }) => each.id)).size).toBe(names.length)
})
