import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Database, openDatabase } from '../database/index.ts'
import { createTestPlace, type TestPlace } from '../database/testing/test-place.ts'
import { createTracking } from './create-tracking.ts'
import type { Tracking } from './tracking.ts'

interface Server {
  database: Database
  tracking: Tracking
}

let place: TestPlace
let [here, other]: Server[] = []
const clock = { now: 1_000_000_000 }
const start = async (): Promise<Server> => {
  const database = await openDatabase(place.place)
  return { database, tracking: createTracking(database, { clock: { nowMs: () => clock.now } }) }
}
beforeEach(async () => {
  place = await createTestPlace()
  here = await start()
  other = await start()
})
afterEach(async () => {
  await here!.database.close()
  await other!.database.close()
  await place.remove()
})

const make = async ({ tracking }: Server, name: string): Promise<string> => {
  await tracking.experiments.create({ project: 'p', name })
  return name
}

/** Begins some work that never ends by itself. */
async function hang({ tracking }: Server, key: string, before: () => Promise<unknown> = () => Promise.resolve()) {
  const letGo = Promise.withResolvers<string>()
  const begun = Promise.withResolvers<void>()
  const ended = tracking.answers.once(key, 'request', async () => {
    await before()
    begun.resolve()
    return await letGo.promise
  })
  // Of a server that is gone nobody hears.
  ended.catch(() => undefined)
  await begun.promise
  return { ended, letGo: letGo.resolve }
}

test('work that was stored before its server died is not done again, and that is said at once; work that stored nothing is done', async () => {
  await hang(other!, 'stored', () => make(other!, 'once'))
  await hang(other!, 'empty', () => other!.tracking.experiments.find('1'))
  for (const key of ['stored', 'empty'])
    await expect(here!.tracking.answers.once(key, 'request', () => make(here!, key))).rejects.toThrow(/is being carried out/)
  await other!.database.close()
  await expect(here!.tracking.answers.once('stored', 'request', () => make(here!, 'twice'))).rejects.toThrow(/was carried out/)
  expect(await here!.tracking.answers.once('empty', 'request', () => make(here!, 'anew'))).toBe('anew')
})

test('a server that is killed in the middle of its work is known to be dead at once', async () => {
  const program = fileURLToPath(new URL('testing/answering-process.ts', import.meta.url))
  const child = spawn(process.execPath, ['--conditions=trainyard-source', program, place.place], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const closed = once(child, 'close')
  await once(child.stdout, 'data')
  const ask = (key: string) => here!.tracking.answers.once(key, 'request', () => make(here!, `${key} anew`))
  for (const key of ['stored', 'empty']) await expect(ask(key)).rejects.toThrow(/is being carried out/)
  child.kill('SIGKILL')
  await closed
  // Postgres takes a moment to see that the connection has ended; the clock of the records stands still.
  await expect.poll(() => ask('stored').catch(String), { timeout: 60_000 }).toMatch(/was carried out/)
  expect(await ask('empty')).toBe('empty anew')
})

test('what a server does itself is known to it, however long it takes', async () => {
  const { ended, letGo } = await hang(here!, 'long')
  clock.now += 60 * 60_000
  await expect(here!.tracking.answers.once('long', 'request', () => make(here!, 'x'))).rejects.toThrow(/is being carried out/)
  letGo('done')
  expect(await ended).toBe('done')
  expect(await here!.tracking.answers.once('long', 'request', () => make(here!, 'x'))).toBe('done')
})

test('a server that was taken for lost stores nothing of what another has taken over', async () => {
  const goOn = Promise.withResolvers<void>()
  const begun = Promise.withResolvers<void>()
  const late = other!.tracking.answers.once('slow', 'request', async () => {
    begun.resolve()
    await goOn.promise
    return await make(other!, 'late')
  })
  await begun.promise
  clock.now += 6 * 60_000
  expect(await here!.tracking.answers.once('slow', 'request', () => make(here!, 'taken over'))).toBe('taken over')
  goOn.resolve()
  await expect(late).rejects.toMatchObject({ code: 'unavailable' })
  const { experiments } = await here!.tracking.experiments.search({ project: 'p' })
  expect(experiments.map(({ name }) => name)).toEqual(['taken over'])
  expect(await other!.tracking.answers.once('slow', 'request', () => make(other!, 'again'))).toBe('taken over')
})

test('work that is refused leaves its key free, also when something of it was stored', async () => {
  const { answers } = here!.tracking
  const failed = async () => {
    await make(here!, 'half')
    return await make(here!, 'half')
  }
  await expect(answers.once('half', 'request', failed)).rejects.toMatchObject({ code: 'already_exists' })
  // A first write that fails takes the note back with it; the next one carries it.
  await hang(here!, 'half', () => make(here!, 'half').catch(() => make(here!, 'other half')))
  await here!.database.close()
  await expect(other!.tracking.answers.once('half', 'request', () => make(other!, 'x'))).rejects.toThrow(/was carried out/)
})

test('an answer that was kept is given, to all the requests that ask; another request with its key is refused', async () => {
  expect(await here!.tracking.answers.once('kept', 'request', () => make(here!, 'kept'))).toBe('kept')
  for (const { tracking } of [here!, other!]) {
    expect(await tracking.answers.once('kept', 'request', () => Promise.resolve('not done'))).toBe('kept')
    const another = tracking.answers.once('kept', 'another', () => Promise.resolve('not done'))
    await expect(another).rejects.toMatchObject({ code: 'failed_precondition' })
  }
})

test('of many that ask at once one is carried out', async () => {
  const all = [here!, other!, here!, other!].map((server) =>
    server.tracking.answers.once('crowd', 'request', () => make(server, 'crowd')),
  )
  const ends = await Promise.allSettled(all)
  expect(ends.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThan(0)
  for (const end of ends)
    if (end.status === 'rejected') expect(end.reason).toMatchObject({ message: expect.stringMatching(/is being carried out/) })
})

test('what goes on beside the work is not noted with it', async () => {
  await hang(here!, 'beside')
  await make(here!, 'somebody else')
  await here!.database.close()
  expect(await other!.tracking.answers.once('beside', 'request', () => make(other!, 'anew'))).toBe('anew')
})
