import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Database, openDatabase } from '../database/index.ts'
import { createTestPlace, type TestPlace } from '../database/testing/test-place.ts'
import { createTracking } from './create-tracking.ts'
import type { Tracking } from './tracking.ts'

let place: TestPlace
let database: Database
let tracking: Tracking
const clock = { now: 1_000_000_000 }
beforeAll(async () => {
  place = await createTestPlace()
  database = await openDatabase(place.place)
  tracking = createTracking(database, { clock: { nowMs: () => clock.now } })
})
afterAll(async () => {
  await database.close()
  await place.remove()
})

const muchLater = (): void => void (clock.now += 6 * 60_000)
const make = (name: string) => tracking.experiments.create({ project: 'p', name })

test('work that was stored before its server died is not done again; work that stored nothing is', async () => {
  const { answers } = tracking
  expect(await answers.begin('stored', 'request')).toBeUndefined()
  await answers.carry('stored', () => make('once'))
  // Here the server dies: nobody keeps the answer.
  await expect(answers.begin('stored', 'request')).rejects.toMatchObject({ code: 'already_exists' })
  muchLater()
  await expect(answers.begin('stored', 'request')).rejects.toThrow(/was carried out/)
  expect(await answers.begin('empty', 'request')).toBeUndefined()
  await answers.carry('empty', () => tracking.experiments.find('1'))
  muchLater()
  expect(await answers.begin('empty', 'request')).toBeUndefined()
})

test('work that is refused leaves its key free, also when something of it was stored', async () => {
  const { answers } = tracking
  const failed = async () => {
    await make('half')
    return await make('half')
  }
  expect(await answers.begin('half', 'request')).toBeUndefined()
  await expect(answers.carry('half', failed)).rejects.toMatchObject({ code: 'already_exists' })
  await answers.forget('half')
  expect(await answers.begin('half', 'request')).toBeUndefined()
  // A first write that fails takes the note back with it; the next one carries it.
  await answers.carry('half', () => make('half').catch(() => make('other half')))
  muchLater()
  await expect(answers.begin('half', 'request')).rejects.toThrow(/was carried out/)
})

test('an answer that was kept is given, to all the requests that ask', async () => {
  const { answers } = tracking
  await answers.begin('kept', 'request')
  await answers.carry('kept', () => make('kept'))
  await answers.keep('kept', { status: 200, body: '{}' })
  expect(await answers.begin('kept', 'request')).toEqual({ status: 200, body: '{}' })
})

test('what goes on beside the work is not noted with it', async () => {
  const { answers } = tracking
  await answers.begin('beside', 'request')
  let letGo: (() => void) | undefined
  const working = answers.carry('beside', () => new Promise<void>((resolve) => (letGo = resolve)))
  await make('somebody else')
  letGo?.()
  await working
  muchLater()
  expect(await answers.begin('beside', 'request')).toBeUndefined()
})
