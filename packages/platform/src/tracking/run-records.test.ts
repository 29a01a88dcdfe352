import { canTransition, newRunId, type RunState, runStates } from '@trainyard/contract'
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createMetricRecords } from './metric-records.ts'
import { createRunRecords } from './run-records.ts'
import { openTemporaryDatabase, type TemporaryDatabase } from './testing/temporary-database.ts'
import type { NewRun, RunRecords } from './tracking.ts'

let temporary: TemporaryDatabase
let runs: RunRecords
let nowMs = 1_000

beforeAll(async () => {
  temporary = await openTemporaryDatabase()
  runs = createRunRecords(temporary.database, { nowMs: () => ++nowMs })
})
afterAll(() => temporary[Symbol.asyncDispose]())

const newRun = (values: Partial<NewRun> = {}): NewRun => ({
  id: newRunId(++nowMs),
  name: 'train',
  project: 'default',
  experiment: 'default',
  kind: 'run',
  state: 'created',
  owner: 'ada',
  host: 'here',
  outPath: '/tmp/out',
  ...values,
})

const create = async (values: Partial<NewRun> = {}): Promise<string> => {
  const run = newRun(values)
  await runs.create(run)
  return run.id
}

describe('create', () => {
  test('everything given comes back', async () => {
    const parameters = { eta: 0.3, depth: 4, name: "it's", list: [1, { a: null }], flag: true, nothing: null, ['__proto__']: 1 }
    const id = await create({ parameters, labels: { team: 'a/b 🚂' }, reason: 'because', state: 'pending', attempt: 2 })
    const run = await runs.get(id)
    expect(run).toMatchObject({ id, name: 'train', project: 'default', state: 'pending', stateReason: 'because', attempt: 2 })
    expect({ ...run.parameters }).toEqual(parameters)
    expect({ ...run.labels }).toEqual({ team: 'a/b 🚂' })
    expect(await runs.history(id)).toEqual([{ state: 'pending', atMs: run.createdAtMs, reason: 'because' }])
  })

  test('a taken id is refused and createMany then stores none', async () => {
    const id = await create()
    const other = newRun()
    await expect(runs.createMany([other, newRun({ id })])).rejects.toMatchObject({ code: 'already_exists' })
    expect(await runs.find(other.id)).toBeUndefined()
  })

  test.each([
    ['an id that is none', { id: 'nope' }, /not a run id/],
    ['an empty name', { name: '' }, /run name is empty/],
    ['a name of 10,000 characters', { name: 'x'.repeat(10_000) }, /has 10000 characters; 500 are allowed/],
    ['a parameter key that is too long', { parameters: { ['k'.repeat(501)]: 1 } }, /parameter 'k+…' has 501 characters/],
    ['a parameter over 1 MiB', { parameters: { text: 'x'.repeat(1_100_000) } }, /larger than 1 MiB/],
    ['an iteration without a parent', { kind: 'iteration', iteration: 1 } as const, /needs the id of its parent/],
  ])('%s is refused with a sentence', async (_, values, sentence) => {
    await expect(create(values)).rejects.toMatchObject({
      code: 'invalid_argument',
      message: expect.stringMatching(sentence) as string,
    })
  })

  test('names with slashes, quotes, emoji and a parameter of almost 1 MiB are stored', async () => {
    const name = `a/b "quoted" 'x' 🚂${'é'.repeat(400)}`
    const text = 'y'.repeat(1_000_000)
    const id = await create({ name, project: 'p/q', experiment: 'e "x"', parameters: { text } })
    expect(await runs.get(id)).toMatchObject({ name, project: 'p/q', experiment: 'e "x"', parameters: { text } })
  })

  test('a parent has one iteration of each number', async () => {
    const parentId = await create({ kind: 'sweep' })
    await create({ kind: 'iteration', parentId, iteration: 1 })
    await expect(create({ kind: 'iteration', parentId, iteration: 1 })).rejects.toMatchObject({ code: 'already_exists' })
    await expect(create({ kind: 'iteration', parentId: newRunId(1), iteration: 1 })).rejects.toMatchObject({ code: 'not_found' })
    expect((await runs.children(parentId)).map((run) => run.iteration)).toEqual([1])
  })
})

describe('transition', () => {
  test('whatever is asked for, only allowed transitions are stored, and the history tells all of them', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom(...runStates), { maxLength: 12 }), async (asked) => {
        const id = await create()
        const expected: RunState[] = ['created']
        for (const to of asked) {
          const allowed = canTransition(expected.at(-1)!, to)
          const outcome = await runs.transition(id, { to }).then(
            () => 'done',
            (error: unknown) => (error as { code: string }).code,
          )
          expect(outcome).toBe(allowed ? 'done' : 'failed_precondition')
          if (allowed) expected.push(to)
        }
        const history = await runs.history(id)
        expect(history.map((change) => change.state)).toEqual(expected)
        const run = await runs.get(id)
        expect(run.state).toBe(expected.at(-1))
        expect(run.endedAtMs !== null).toBe(['completed', 'failed', 'aborted', 'skipped'].includes(run.state))
        if (run.startedAtMs !== null && run.endedAtMs !== null) expect(run.endedAtMs).toBeGreaterThanOrEqual(run.startedAtMs)
      }),
      { numRuns: 60 },
    )
  })

  test('of several that race from the same state one wins', async () => {
    const id = await create({ state: 'pending' })
    const results = await Promise.allSettled([1, 2, 3].map(() => runs.transition(id, { to: 'running', from: ['pending'] })))
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1)
  })

  test('a refused transition stores nothing of its patch', async () => {
    const id = await create({ state: 'completed' })
    await expect(runs.transition(id, { to: 'aborting', patch: { name: 'other' } })).rejects.toMatchObject({
      code: 'failed_precondition',
    })
    expect((await runs.get(id)).name).toBe('train')
  })

  test('a run whose clock was set back does not end before it started', async () => {
    const id = await create()
    await runs.transition(id, { to: 'running', atMs: 9_000_000 })
    await runs.transition(id, { to: 'completed', atMs: 8_000_000, patch: { exit: { kind: 'exited', code: 0 } } })
    expect(await runs.get(id)).toMatchObject({ startedAtMs: 9_000_000, endedAtMs: 9_000_000, exit: { kind: 'exited', code: 0 } })
  })

  test('claim takes a run over from exactly the expected process', async () => {
    const supervisor = (pid: number) => ({ host: 'h', bootId: 'b', pid, startTicks: 1, heartbeatAtMs: 1 })
    const id = await create({ supervisor: supervisor(1) })
    expect(await runs.claim(id, { expected: null, next: supervisor(2) })).toBe(false)
    expect(await runs.claim(id, { expected: { ...supervisor(1), heartbeatAtMs: 5 }, next: supervisor(2) })).toBe(true)
    expect(await runs.claim(id, { expected: supervisor(1), next: supervisor(3) })).toBe(false)
    expect((await runs.get(id)).supervisor?.pid).toBe(2)
  })
})

describe('values', () => {
  test('parameters never change: an equal value is passed over, another one is refused and nothing is stored', async () => {
    const id = await create({ parameters: { a: 1 } })
    await runs.addParameters(id, { a: 1, b: { x: 1, y: 2 } })
    await runs.addParameters(id, { b: { y: 2, x: 1 } })
    await expect(runs.addParameters(id, { c: 3, a: 2 })).rejects.toMatchObject({ code: 'failed_precondition' })
    expect({ ...(await runs.get(id)).parameters }).toEqual({ a: 1, b: { x: 1, y: 2 } })
  })

  test('labels are added, replaced and removed on many runs at once', async () => {
    const ids = [await create({ labels: { team: 'a' } }), await create()]
    await runs.setLabels(ids, { team: 'b', stage: 'dev' })
    await runs.setLabels(ids, { stage: null })
    const labels = (await runs.getMany(ids)).map((run) => JSON.parse(JSON.stringify(run.labels)) as object)
    expect(labels).toEqual([{ team: 'b' }, { team: 'b' }])
  })

  test('update changes the given fields only, and null clears', async () => {
    const id = await create()
    await runs.update(id, { name: 'renamed', error: { type: 'E', message: 'm' } })
    await runs.update(id, { attempt: 3 })
    expect(await runs.get(id)).toMatchObject({ name: 'renamed', attempt: 3, error: { type: 'E' } })
    await runs.update(id, { error: null })
    expect((await runs.get(id)).error).toBeNull()
  })
})

describe('trash', () => {
  test('children go with their parent, there and back, and purge removes every row', async () => {
    const parentId = await create({ kind: 'sweep', state: 'completed' })
    const child = await create({ kind: 'iteration', parentId, iteration: 1, state: 'completed', parameters: { a: 1 } })
    await expect(runs.purge([parentId])).rejects.toMatchObject({ code: 'failed_precondition' })
    await runs.trash([parentId], 77)
    await runs.trash([parentId], 88)
    expect((await runs.getMany([parentId, child])).map((run) => run.trashedAtMs)).toEqual([77, 77])
    await runs.restore([parentId])
    expect((await runs.get(child)).trashedAtMs).toBeNull()
    await runs.trash([parentId], 99)
    await runs.purge([parentId])
    expect(await runs.find(child)).toBeUndefined()
    expect(await runs.find(parentId)).toBeUndefined()
  })

  test('a run that works is refused', async () => {
    const id = await create({ state: 'running' })
    await expect(runs.trash([id], 1)).rejects.toMatchObject({ code: 'failed_precondition' })
  })
})

describe('resolve', () => {
  test('finds by id, prefix, newest name (a sweep before its iterations), latest and iteration', async () => {
    const id = await create({ name: 'only-this', project: 'resolving', id: `feed${'0'.repeat(28)}` })
    const newer = await create({ name: 'only-this', project: 'resolving', id: `feed${'1'.repeat(28)}` })
    const child = await create({ name: 'only-this', kind: 'iteration', parentId: newer, iteration: 7, project: 'resolving' })
    expect(await runs.resolve(id)).toBe(id)
    expect(await runs.resolve('feed0')).toBe(id)
    expect(await runs.resolve('only-this')).toBe(newer)
    expect(await runs.resolve('latest', { project: 'resolving' })).toBe(newer)
    expect(await runs.resolve('only-this/7')).toBe(child)
    await expect(runs.resolve('feed')).rejects.toMatchObject({ code: 'invalid_argument', details: { candidates: [id, newer] } })
    await expect(runs.resolve('only-thiss')).rejects.toMatchObject({ code: 'not_found', details: { nearest: 'only-this' } })
    await expect(runs.resolve('only-this/8')).rejects.toMatchObject({ code: 'not_found' })
  })
})

describe('withdraw', () => {
  test('takes back what never began, iterations too; what has logged, or has not ended, stays', async () => {
    const parentId = await create({ kind: 'sweep', state: 'failed', experiment: 'only for it' })
    const iteration = await create({ kind: 'iteration', parentId, iteration: 1, state: 'skipped', experiment: 'only for it' })
    expect(await runs.withdraw(parentId)).toBe(true)
    expect([await runs.find(parentId), await runs.find(iteration)]).toEqual([undefined, undefined])
    const named = await temporary.database.read(({ kysely }) => kysely.selectFrom('experiments').select('name').execute())
    expect(named.map(({ name }) => name)).not.toContain('only for it')
    const running = await create({ state: 'running' })
    const logged = await create({ state: 'failed' })
    await createMetricRecords(temporary.database).append(logged, [{ key: 'm', step: 0, timeMs: 1, value: 1 }])
    expect(await Promise.all([running, logged, newRunId(1)].map((id) => runs.withdraw(id)))).toEqual([false, false, false])
    expect((await runs.getMany([running, logged])).map(({ state }) => state)).toEqual(['running', 'failed'])
  })
})
