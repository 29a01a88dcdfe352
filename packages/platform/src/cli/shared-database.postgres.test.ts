import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { newRunId } from '@trainyard/contract'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openDatabase } from '../database/index.ts'
import { createPostgresPlace } from '../database/testing/postgres-place.ts'
import type { TestPlace } from '../database/testing/test-place.ts'
import { createTracking } from '../tracking/index.ts'
import { runMain } from './testing/memory-terminal.ts'

let folder: string
let place: TestPlace
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'trainyard-shared-'))
  place = await createPostgresPlace()
  writeFileSync(
    join(folder, 'train.mjs'),
    "import { appendFileSync } from 'node:fs'\nexport const train = ({ parameters }) => { console.log('hello'); return { score: parameters.a * 2 } }\n",
  )
})
afterEach(async () => {
  await place.remove()
  rmSync(folder, { recursive: true })
})

const environment = () => ({ PATH: process.env['PATH'], HOME: folder, TRAINYARD_DATABASE: place.place })
const trainyard = (
  argv: string[],
  options: { workingDirectory?: string; environment?: Record<string, string | undefined> } = {},
) => runMain(argv, { workingDirectory: folder, environment: environment(), ...options })

describe('a shared database', () => {
  test('holds what a run from one data directory leaves, and every command of another one shows it', async () => {
    const ran = await trainyard(['run', 'train.mjs', '--handler', 'train', '-p', 'a=21', '--name', 'shared', '--quiet'])
    expect(ran).toMatchObject({ code: 0, stderr: expect.not.stringContaining('error') as string })
    expect(existsSync(join(folder, '.trainyard', 'trainyard.db'))).toBe(false)
    const elsewhere = mkdtempSync(join(tmpdir(), 'trainyard-elsewhere-'))
    const asked = (...argv: string[]) =>
      trainyard(['--database', place.place, ...argv], { workingDirectory: elsewhere, environment: {} })
    expect(JSON.parse((await asked('show', 'latest', '--json')).stdout)).toMatchObject({
      run: { name: 'shared', state: 'completed', results: { score: 42 } },
    })
    expect((await asked('logs', 'latest')).stdout).toBe('hello\n')
    expect((await asked('ls', '--filter', 'metrics.score > 41.5', '--quiet')).stdout.trim()).toBe(ran.stdout.trim())
    expect((await asked('doctor')).stdout).toMatch(/^ok\s+database\s+version \d+, 1 run$/m)
    expect((await asked('rm', 'latest')).code).toBe(0)
    expect((await asked('trash', 'empty', '--yes')).code).toBe(0)
    expect((await asked('ls', '--quiet')).stdout.trim()).toBe('')
    rmSync(elsewhere, { recursive: true })
  })

  test('leaves a run whose supervisor is gone to the data directory that has its journals', async () => {
    const id = newRunId(Date.now())
    await using database = await openDatabase(place.place)
    const { runs } = createTracking(database)
    const gone = { host: hostname(), bootId: 'an earlier one', pid: 1, startTicks: -1, heartbeatAtMs: 1 }
    const supervisor = { ...gone, dataDirectory: join(folder, 'elsewhere') }
    const run = { id, name: 'far', project: 'default', experiment: 'e', kind: 'run', owner: 'ada', host: 'here' } as const
    await runs.create({ ...run, state: 'running', outPath: folder, supervisor })
    await trainyard(['ls'])
    expect((await runs.get(id)).state).toBe('running')
    await trainyard(['ls', '--data', 'elsewhere'])
    expect((await runs.get(id)).state).toBe('failed')
  })

  test('is moved to, backed up and restored by command, and what would be overwritten is named', async () => {
    const local = (...argv: string[]) => trainyard(argv, { environment: { ...environment(), TRAINYARD_DATABASE: '' } })
    expect(await local('run', 'train.mjs', '--handler', 'train', '-p', 'a=1', '--quiet')).toMatchObject({ code: 0 })
    const moved = await local('db', 'move', '.trainyard', place.place)
    expect(moved.stderr).toMatch(/Moved .*trainyard\.db to postgres:.*: 1 run, \d+ rows in all, read back and compared/)
    const again = await local('db', 'move', '.trainyard', place.place)
    expect(again).toMatchObject({ stderr: expect.stringContaining('runs (1)') as string })
    expect(again.code).not.toBe(0)
    expect(await trainyard(['db', 'backup', 'monday.db'])).toMatchObject({ code: 0 })
    expect((await trainyard(['db', 'backup', 'monday.db'])).stderr).toMatch(/exists already/)
    expect(await local('db', 'restore', 'monday.db', '--data', 'restored')).toMatchObject({ code: 0 })
    expect((await local('ls', '--data', 'restored', '--quiet')).stdout).toBe((await trainyard(['ls', '--quiet'])).stdout)
    expect(JSON.parse((await trainyard(['db', 'upgrade', '--json'])).stdout)).toMatchObject({ database: place.place })
    expect((await local('db', 'move', 'mysql://x/y', 'z')).stderr).toMatch(/is no database of Trainyard/)
  })

  test('is named by an address of Postgres, or the mistake is told', async () => {
    const { code, stderr } = await trainyard(['ls', '--database', 'runs.db'])
    expect(code).not.toBe(0)
    expect(stderr).toMatch(/--database takes an address like postgres:/)
  })
})
