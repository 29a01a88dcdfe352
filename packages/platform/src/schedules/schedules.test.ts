import { join } from 'node:path'
import type { Task } from '@trainyard/contract'
import { expect, test } from 'vitest'
import { systemClock } from '../base/clock.ts'
import { createSecretBox } from '../base/secret-box.ts'
import { toFunctionDocument } from '../functions/index.ts'
import { checkReceivers } from '../notifications/index.ts'
import { openWorkplace } from '../jobs/testing/workplace.ts'
import { createSchedules, type NewSchedule, startScheduler } from './index.ts'

async function openCalendar() {
  const place = await openWorkplace()
  const clock = { aheadMs: 0, nowMs: () => systemClock.nowMs() + clock.aheadMs }
  const secrets = createSecretBox(join(place.folder, 'schedule.key'))
  const problems: unknown[] = []
  const options = {
    database: place.database,
    jobs: place.jobs,
    functions: place.functions,
    ground: place.execution,
    checkReceivers: ({ notifications = [] }: Task) =>
      Promise.resolve(checkReceivers(notifications, { secrets: {}, allowPrivate: false })),
    secrets,
    clock,
  }
  const schedules = createSchedules(options)
  return {
    ...place,
    problems,
    schedules,
    clock,
    schedule: (timing: NewSchedule['timing'], command: string, more: Partial<NewSchedule> = {}) =>
      schedules.add({
        project: 'p',
        name: 's',
        owner: 'ada',
        timing,
        job: { task: { program: ['sh', '-c', command] }, commandLine: ['test'], workingDirectory: place.folder },
        ...more,
      }),
    start: () => startScheduler({ ...options, onProblem: (error) => void problems.push(error) }),
    fired: (count: number) =>
      place.until(async () => {
        const history = await schedules.history('p', 's', 100)
        // The run of one that has just been decided on is about to be made.
        const made = await Promise.all(history.flatMap(({ runId }) => runId ?? []).map((id) => place.tracking.runs.find(id)))
        return history.length >= count && made.every((run) => run !== undefined) ? history : undefined
      }),
    [Symbol.asyncDispose]: () => place[Symbol.asyncDispose](),
  }
}

test('a schedule starts runs at its times, which carry its name', async () => {
  await using place = await openCalendar()
  place.work()
  await place.schedule({ kind: 'interval', everyMs: 1_000 }, 'echo $TOKEN {{trigger.schedule}}', {
    secrets: { TOKEN: 'abc' },
    labels: { team: 'x' },
  })
  await using _scheduler = place.start()
  const [firing] = await place.fired(2)
  const run = await place.ended(firing!.runId!)
  expect(run).toMatchObject({ state: 'completed', project: 'p', owner: 'ada', labels: { schedule: 's', team: 'x' } })
  expect(await place.output(run.id)).toBe('abc s\n')
  const planned = (await place.schedules.history('p', 's')).map((each) => each.plannedAtMs)
  expect(planned.every((atMs) => atMs % 1_000 === 0)).toBe(true)
  expect(new Set(planned).size).toBe(planned.length)
  expect(place.problems).toEqual([])
})

test('two schedulers of one database fire each time once', async () => {
  await using place = await openCalendar()
  await place.schedule({ kind: 'interval', everyMs: 1_000 }, 'true')
  await using _one = place.start()
  await using _other = place.start()
  const planned = (await place.fired(3)).map((each) => each.plannedAtMs)
  expect(new Set(planned).size).toBe(planned.length)
})

test('of times that nobody was there for the last is made up for, and the others are told', async () => {
  await using place = await openCalendar()
  const { nextAtMs } = await place.schedule({ kind: 'interval', everyMs: 60_000 }, 'true')
  place.clock.aheadMs = 10 * 60_000
  await using _scheduler = place.start()
  const history = await place.fired(2)
  expect(history[1]).toMatchObject({ outcome: 'skipped', cause: 'missed', plannedAtMs: nextAtMs })
  expect(history[1]?.reason).toMatch(/^(9|10) times were missed$/)
  expect(history[0]).toMatchObject({ outcome: 'started' })
})

test('overlapping runs are left out or replaced, as the schedule says', async () => {
  await using place = await openCalendar()
  await place.schedule({ kind: 'webhook' }, 'true', { concurrency: 'forbid' })
  const first = await place.schedules.fire('p', 's')
  expect(await place.schedules.fire('p', 's')).toMatchObject({
    outcome: 'skipped',
    runId: null,
    reason: `its run ${first.runId!.slice(0, 12)} is still at work`,
  })
  await place.schedules.remove('p', 's')
  await place.schedule({ kind: 'webhook' }, 'true', { concurrency: 'replace' })
  const next = await place.schedules.fire('p', 's')
  const second = await place.schedules.fire('p', 's')
  expect(await place.tracking.runs.get(next.runId!)).toMatchObject({
    state: 'aborted',
    stateReason: 'replaced by the next run of the schedule s',
  })
  expect(await place.tracking.runs.get(second.runId!)).toMatchObject({ state: 'pending' })
})

test('missed times that are all made up for do not overlap either', async () => {
  await using place = await openCalendar()
  await place.schedule({ kind: 'interval', everyMs: 600_000 }, 'true', { concurrency: 'forbid', catchUp: 'all' })
  place.clock.aheadMs = 31 * 60_000
  await using _scheduler = place.start()
  const outcomes = await place.until(async () => {
    const history = await place.schedules.history('p', 's')
    const made = await Promise.all(history.flatMap(({ runId }) => (runId === null ? [] : [place.tracking.runs.find(runId)])))
    return history.length >= 3 && !made.includes(undefined) ? history.map(({ outcome }) => outcome) : undefined
  })
  expect(outcomes.filter((outcome) => outcome === 'started')).toHaveLength(1)
})

test('what is secret about the notifications of a schedule is sealed, and given to its runs', async () => {
  await using place = await openCalendar()
  const webhook = 'https://hooks.example.org/hidden'
  await place.schedules.add({
    project: 'p',
    name: 's',
    owner: 'ada',
    timing: { kind: 'webhook' },
    job: {
      task: { program: ['true'], notifications: [{ kind: 'slack', secretParams: { webhook } }] },
      commandLine: ['test'],
      workingDirectory: place.folder,
    },
  })
  expect(JSON.stringify(await place.schedules.get('p', 's'))).not.toContain('hidden')
  const armed: unknown[] = []
  const arm = (_runId: string, given: unknown) => Promise.resolve(void armed.push(given))
  Object.assign(place.execution, { notifications: { arm } })
  await place.schedules.fire('p', 's')
  expect(armed).toEqual([[{ kind: 'slack', secretParams: { webhook } }]])
})

test('a new artifact fires once, its own runs never, and what was there before neither', async () => {
  await using place = await openCalendar()
  await place.tracking.projects.ensure('p')
  const add = (key: string) =>
    place.tracking.artifacts.add({
      runId: null,
      project: 'p',
      iteration: 0,
      key,
      kind: 'dataset',
      target: `/data/${key}`,
      createdAtMs: 1,
    })
  await add('table')
  await place.schedule({ kind: 'artifact', key: 'table' }, 'echo {{trigger.artifact.target}}')
  await using scheduler = place.start()
  await add('other')
  await add('table')
  scheduler.wake()
  place.work()
  const [firing, ...more] = await place.fired(1)
  expect([firing, more]).toMatchObject([{ cause: 'artifact table', outcome: 'started' }, []])
  await place.ended(firing!.runId!)
  expect(await place.output(firing!.runId!)).toBe('/data/table\n')
})

test('a webhook is fired by its address alone, and what is sent reaches the task', async () => {
  await using place = await openCalendar()
  place.work()
  const { token } = await place.schedule({ kind: 'webhook' }, 'echo {{trigger.body.ref}}')
  const { runId } = await place.schedules.call(token!, { body: { ref: 'main' } })
  await place.ended(runId!)
  expect(await place.output(runId!)).toBe('main\n')
  await place.schedules.pause('p', 's')
  for (const guess of [token!, 'x']) await expect(place.schedules.call(guess, {})).rejects.toMatchObject({ code: 'not_found' })
  const stored = await place.database.read(({ kysely }) => kysely.selectFrom('schedules').selectAll().execute())
  expect(JSON.stringify(stored)).not.toContain(token)
})

test('a paused schedule has no next time, and none is made up for when it goes on', async () => {
  await using place = await openCalendar()
  await place.schedule({ kind: 'interval', everyMs: 3_600_000 }, 'true')
  const paused = await place.schedules.pause('p', 's')
  expect([paused.state, paused.nextAtMs, place.schedules.upcoming(paused, 3)]).toEqual(['paused', null, []])
  place.clock.aheadMs = 10 * 3_600_000
  const resumed = await place.schedules.resume('p', 's')
  expect(resumed.nextAtMs).toBeGreaterThan(place.clock.nowMs())
  expect(await place.schedules.history('p', 's')).toEqual([])
})

test('one moment fires and is over', async () => {
  await using place = await openCalendar()
  await place.schedule({ kind: 'once', atMs: place.clock.nowMs() + 300 }, 'true')
  await using _scheduler = place.start()
  await place.fired(1)
  expect(await place.schedules.get('p', 's')).toMatchObject({ state: 'ended', nextAtMs: null })
  await expect(place.schedules.resume('p', 's')).rejects.toMatchObject({ code: 'failed_precondition' })
})

test('a firing that was decided on and not carried out is carried out by whoever comes next, once', async () => {
  await using place = await openCalendar()
  await place.schedule({ kind: 'webhook' }, 'true')
  const { runId } = await place.schedules.fire('p', 's')
  // As it was before its job was asked for, by a process that has died since.
  await place.database.write(async ({ kysely }) => {
    await kysely.updateTable('schedule_firings').set({ outcome: 'claimed', fired_at: 1 }).execute()
  })
  await using _scheduler = place.start()
  await place.until(async () => {
    const rows = await place.database.read(({ kysely }) => kysely.selectFrom('schedule_firings').selectAll().execute())
    return rows.every(({ outcome }) => outcome === 'started') || undefined
  })
  expect((await place.jobs.list()).map((job) => job.runId)).toEqual([runId])
})

test('what is wrong is refused in a sentence', async () => {
  await using place = await openCalendar()
  await place.schedule({ kind: 'webhook' }, 'true')
  await expect(place.schedule({ kind: 'webhook' }, 'true')).rejects.toMatchObject({ code: 'already_exists' })
  await expect(place.schedule({ kind: 'cron', expression: '0 0 31 2 *' }, 'true', { name: 'never' })).rejects.toThrow(
    /would never fire/,
  )
  await expect(place.schedule({ kind: 'webhook' }, 'true', { name: ' ' })).rejects.toMatchObject({ code: 'invalid_argument' })
  const job = { task: { command: 'missing.py' }, commandLine: [], workingDirectory: place.folder }
  await expect(place.schedule({ kind: 'webhook' }, 'true', { name: 'x', job })).rejects.toThrow(/no file missing.py/)
  await expect(place.schedules.fire('p', 'unknown')).rejects.toMatchObject({ code: 'not_found' })
  await place.schedules.remove('p', 's')
  await expect(place.schedules.remove('p', 's')).rejects.toMatchObject({ code: 'not_found' })
})

const training = `import os

def train(context, eta: float, rounds: int = 3, label="y"):
    print(eta, rounds, label, os.environ.get("MODE"))
`

const openTraining = async () => {
  const place = await openCalendar()
  const save = (code: string, tags: string[]) =>
    place.functions.save({
      project: 'p',
      document: toFunctionDocument(
        { name: 'train', code, handler: 'train', environment: { MODE: 'careful' }, parameters: { label: 'own' } },
        { project: 'p' },
      ),
      tags,
    })
  const add = (task: Task, reference = 'db://p/train') =>
    place.schedules.add(
      {
        project: 'p',
        name: 's',
        owner: 'ada',
        timing: { kind: 'webhook' },
        job: { function: reference, task, commandLine: ['test'] },
      },
      { replace: true },
    )
  return { ...place, save, add, [Symbol.asyncDispose]: () => place[Symbol.asyncDispose]() }
}

test('a schedule of a function runs the version that its tag leads to when it fires', async () => {
  await using place = await openTraining()
  place.work()
  const first = await place.save(training, ['latest', 'good'])
  await place.add({ parameters: { eta: 0.5 } }, 'db://p/train:good')
  const run = await place.ended((await place.schedules.fire('p', 's')).runId!)
  expect(await place.output(run.id)).toBe('0.5 3 own careful\n')
  expect(run).toMatchObject({
    state: 'completed',
    parameters: { eta: 0.5, label: 'own' },
    labels: { function: first.reference, schedule: 's' },
    task: { command: expect.stringMatching(/train\.py$/), handler: 'train' },
  })
  const next = await place.save(training.replace('print(', 'print("next", '), ['latest', 'good'])
  const again = await place.ended((await place.schedules.fire('p', 's')).runId!)
  expect([again.labels['function'], await place.output(again.id)]).toEqual([next.reference, 'next 0.5 3 own careful\n'])
  await place.functions.delete({ name: 'train' }, 'p')
  expect(await place.schedules.fire('p', 's')).toMatchObject({
    outcome: 'failed',
    runState: null,
    reason: expect.stringMatching(/train/),
  })
})

test('schedules are listed with how the last run went and when they fire next', async () => {
  await using place = await openCalendar()
  place.work()
  await place.schedule({ kind: 'interval', everyMs: 3_600_000 }, 'exit 3')
  await place.schedule({ kind: 'webhook' }, 'true', { name: 'never' })
  const { runId } = await place.schedules.fire('p', 's')
  await place.ended(runId!)
  const [never, fired] = await place.schedules.list({ project: 'p' })
  expect(never).toMatchObject({ name: 'never', last: null, upcomingMs: [] })
  expect(fired).toMatchObject({ name: 's', last: { outcome: 'started', runId, runState: 'failed' } })
  expect(fired!.upcomingMs).toHaveLength(3)
})

test.each([
  [
    'a parameter that it does not take',
    { parameters: { eta: 1, roundz: 2 } },
    'train has no parameter "roundz" (did you mean rounds?)',
  ],
  ['a parameter that it needs', {}, 'train needs the parameter "eta"'],
  ['a value of another type', { parameters: { eta: 'fast' } }, 'The parameter eta of train must be float, not "fast".'],
  ['a number that is not whole', { parameters: { eta: 1, rounds: 2.5 } }, 'must be int, not 2.5'],
  ['a handler that is not there', { handler: 'trian', parameters: {} }, "has no handler 'trian'; it has: train"],
  ['a script beside the function', { command: 'x.py', parameters: { eta: 1 } }, 'give one of both'],
])('a schedule is refused with %s', async (_what, task, sentence) => {
  await using place = await openTraining()
  await place.save(training, ['latest'])
  await expect(place.add(task)).rejects.toThrow(sentence)
  expect(await place.schedules.list()).toEqual([])
})

test('of a function or version that is not there the nearest is named, and a file is looked into as well', async () => {
  await using place = await openTraining()
  await place.save(training, ['latest'])
  await expect(place.add({}, 'db://p/trian')).rejects.toThrow('There is no function trian in project p: did you mean train?')
  await expect(place.add({}, 'db://p/train:gone')).rejects.toMatchObject({ code: 'not_found' })
  place.write('train.py', training)
  const job = { task: { command: 'train.py:train', parameters: { etta: 1 } }, commandLine: [], workingDirectory: place.folder }
  await expect(place.schedule({ kind: 'webhook' }, '', { job })).rejects.toThrow('did you mean eta?')
  const filled = { parameters: { eta: '{{trigger.body.eta}}' }, inputs: {} }
  await place.add(filled)
  await place.add({ sweep: { hyperParameters: { eta: [1, 2] } } })
})

test('code that its language cannot read, and receivers that could not be told, are refused before anything is kept', async () => {
  await using place = await openCalendar()
  const add = (name: string, text: string, task: Task = {}) =>
    place.schedules.add({
      project: 'p',
      name: 's',
      owner: 'ada',
      timing: { kind: 'interval', everyMs: 60_000 },
      job: { task: { ...task, command: name }, commandLine: ['test'], code: { name, text } },
    })
  await expect(add('page.py', '<html>\n')).rejects.toThrow('page.py is no Python: line 1: invalid syntax.')
  await expect(add('nul.py', 'a = 1\0')).rejects.toThrow('nul.py is no Python: ')
  await expect(add('x.ts', 'function {{{')).rejects.toThrow('x.ts is no TypeScript: ')
  await expect(add('x.mjs', 'const = 1')).rejects.toThrow('x.mjs is no JavaScript: ')
  const good = 'export default (context: { log: unknown }): number => 1\n'
  for (const url of ['ftp://example.org/x', 'http://127.0.0.1/x'])
    await expect(add('x.ts', good, { notifications: [{ kind: 'webhook', params: { url } }] })).rejects.toMatchObject({
      code: 'invalid_argument',
      message: expect.stringContaining('the notification webhook'),
    })
  expect(await place.schedules.list()).toEqual([])
  await add('x.ts', good, { notifications: [{ kind: 'webhook', params: { url: 'https://example.org/x' } }] })
  await place.schedules.remove('p', 's')
  await add('ok.py', '# -*- coding: utf-8 -*-\nmatch = 1\n')
})
