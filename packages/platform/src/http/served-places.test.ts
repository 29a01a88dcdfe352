import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createServedPlaces, type ServedPlaces } from './served-places.ts'

let folder: string
let served: ServedPlaces

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'trainyard-served-')))
  for (const name of ['artifacts/run', 'outside/run', 'outside/other']) mkdirSync(join(folder, name), { recursive: true })
  served = createServedPlaces({ objects: { workingDirectory: folder, environment: {} }, roots: ['artifacts'] })
})
afterEach(() => rmSync(folder, { recursive: true }))

const isServed = (place: string): boolean => served.isServed(join(folder, place))

test('a folder that is allowed is served, its neighbours are not', () => {
  expect(isServed('outside/run/model.bin')).toBe(false)
  served.allow(join(folder, 'outside/run'))
  expect(isServed('outside/run/model.bin')).toBe(true)
  expect(['outside/other', 'outside', 'outside/run-2'].filter(isServed)).toEqual([])
})

test('what is allowed below a root is served as long as it stays there', () => {
  served.allow(join(folder, 'artifacts/run'))
  expect(isServed('artifacts/run/model.bin')).toBe(true)
  rmSync(join(folder, 'artifacts/run'), { recursive: true })
  symlinkSync(join(folder, 'outside'), join(folder, 'artifacts/run'))
  expect(isServed('artifacts/run/other')).toBe(false)
})
