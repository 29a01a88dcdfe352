import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { systemClock } from '../base/clock.ts'
import { openDataDirectory } from '../base/data-directory.ts'
import { openDatabase } from '../database/index.ts'
import { createTestPlace } from '../database/testing/test-place.ts'
import { createDefinitions } from '../definitions/index.ts'
import { createFunctions, toFunctionDocument } from '../functions/index.ts'
import { createPlaces } from '../objects/index.ts'
import { createTracking } from '../tracking/index.ts'
import { createFunctionBuilds, type FunctionBuilds } from './function-builds.ts'

let folder: string
let close: () => Promise<void>
let functions: ReturnType<typeof createFunctions>
let builds: FunctionBuilds
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'trainyard-builds-'))
  const place = await createTestPlace()
  const database = await openDatabase(place.place)
  functions = createFunctions(createDefinitions(database))
  const objectContext = { workingDirectory: folder, environment: {} }
  builds = createFunctionBuilds({
    functions,
    allowPrivate: false,
    holdings: {
      directory: openDataDirectory({ path: folder, chosenBy: 'flag' }),
      database,
      tracking: createTracking(database),
      objectContext,
      places: createPlaces(objectContext),
    },
    environment: { ...process.env, XDG_CACHE_HOME: join(folder, 'cache') },
    nowMs: () => systemClock.nowMs(),
  })
  close = async () => {
    await builds[Symbol.asyncDispose]()
    await database.close()
    await place.remove()
    rmSync(folder, { recursive: true, force: true })
  }
})
afterEach(() => close())

const save = (spec: object) =>
  functions.save({
    project: 'p',
    document: toFunctionDocument({ name: 'f', code: 'x = 1', ...spec }, { project: 'p' }),
    by: 'ada',
  })
const ended = (version: Parameters<FunctionBuilds['isRunning']>[0]) =>
  vi.waitFor(() => expect(builds.isRunning(version)).toBe(false), { timeout: 120_000, interval: 20 })

test('a build goes on beside the answers; its state and log are kept, and the log is read on from where it ended', async () => {
  const version = await save({})
  builds.start(version, { what: 'environment', secrets: { KEY: 'hidden-value' } })
  expect(builds.isRunning(version)).toBe(true)
  expect(() => builds.start(version, { what: 'environment' })).toThrow('is under way')
  await ended(version)
  const { status } = await functions.get({ name: 'f' }, 'p')
  expect(status).toMatchObject({ state: 'ready', build: { kind: 'environment', skipped: false } })
  const first = await builds.log(version, 0)
  expect(first.text).toMatch(/^Built .*\n$/)
  expect(await builds.log(version, first.next)).toEqual({ text: '', next: first.next })
})

test('a place is held from its reservation on, and given back without a start', () => {
  const places = ['a', 'b', 'c', 'd'].map((name) => builds.reserve(name))
  expect(() => builds.reserve('a')).toThrow('A build of a is under way')
  expect(() => builds.reserve('e')).toThrow('4 builds are under way')
  for (const each of places) each[Symbol.dispose]()
  builds.reserve('a')[Symbol.dispose]()
})

test('one that fails says why in state and log', async () => {
  const version = await save({ requirements: ['./no-such-package-here'] })
  builds.start(version, { what: 'environment' })
  await ended(version)
  const { status } = await functions.get({ name: 'f' }, 'p')
  expect(status).toMatchObject({ state: 'error', reason: expect.stringContaining('no-such-package-here') })
  expect((await builds.log(version, 0)).text).toContain('no-such-package-here')
})

test('a server that stops ends its builds', async () => {
  const version = await save({ requirements: ['./no-such-package-here'] })
  builds.start(version, { what: 'environment' })
  await builds[Symbol.asyncDispose]()
  expect(builds.isRunning(version)).toBe(false)
})
