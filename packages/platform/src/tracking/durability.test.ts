import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openDatabase } from '../database/index.ts'
import { createTestPlace, type TestPlace } from '../database/testing/test-place.ts'
import { createTracking } from './create-tracking.ts'

const program = fileURLToPath(new URL('testing/writing-process.ts', import.meta.url))
/** How often a writer is killed; a long check sets it to hundreds. */
const rounds = Number(process.env['KILL_ROUNDS'] ?? 8)

let place: TestPlace
beforeEach(async () => {
  place = await createTestPlace()
})
afterEach(() => place.remove())

/** Runs a writer, killed at `killAfterMs` once it has written something, and gives the ids it told as acknowledged. */
async function runWriter(count: number, killAfterMs?: number): Promise<{ ids: string[]; complaints: string }> {
  const child = spawn(process.execPath, ['--conditions=trainyard-source', program, place.place, String(count)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const closed = once(child, 'close')
  let output = ''
  let complaints = ''
  child.stderr.on('data', (piece: Buffer) => (complaints += piece.toString()))
  const started = new Promise<void>((resolve) => {
    child.stdout.on('data', (piece: Buffer) => {
      output += piece.toString()
      resolve()
    })
  })
  if (killAfterMs !== undefined) {
    await Promise.race([started, closed])
    await sleep(killAfterMs)
    child.kill('SIGKILL')
  }
  await closed
  return { ids: output.split('\n').filter((line) => line.length === 32), complaints }
}

const storedRuns = async () => {
  await using database = await openDatabase(place.place)
  const { runs, metrics } = createTracking(database)
  const { runs: found } = await runs.search({ limit: 10_000 })
  const points = new Map<string, number>()
  for (const run of found) points.set(run.id, (await metrics.history(run.id, 'loss')).length)
  return { points, problems: (await database.inspect()).problems }
}

test(`what a writer acknowledged before it was killed is there exactly once (${rounds} kills)`, async () => {
  const acknowledged: string[] = []
  for (let round = 0; round < rounds; round += 2) {
    const both = await Promise.all([runWriter(1_000_000, Math.random() * 60), runWriter(1_000_000, Math.random() * 60)])
    acknowledged.push(...both.flatMap((writer) => writer.ids))
  }
  const { points, problems } = await storedRuns()
  expect(problems).toEqual([])
  expect(acknowledged.length).toBeGreaterThan(rounds)
  expect(new Set(acknowledged).size).toBe(acknowledged.length)
  expect(acknowledged.filter((id) => points.get(id) !== 1)).toEqual([])
})

test('eight processes open a new directory at once, write into it, and none is told of a lock', async () => {
  const writers = await Promise.all(Array.from({ length: 8 }, () => runWriter(20)))
  expect(writers.map((writer) => writer.complaints)).toEqual(writers.map(() => ''))
  const ids = writers.flatMap((writer) => writer.ids)
  expect(ids).toHaveLength(160)
  const { points } = await storedRuns()
  expect([...points.keys()].toSorted()).toEqual(ids.toSorted())
})
