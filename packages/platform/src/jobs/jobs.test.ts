import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { AppError } from '@trainyard/contract'
import { expect, test } from 'vitest'
import { openWorkplace } from './testing/workplace.ts'

test('a job is pending until a worker takes it; its output is the log and its exit code the end', async () => {
  await using place = await openWorkplace()
  const good = await place.shell('echo out; echo err >&2')
  const bad = await place.shell('exit 3')
  expect(await place.tracking.runs.get(good)).toMatchObject({ state: 'pending', name: 'sh', project: 'default', owner: 'ada' })
  place.work()
  expect(await place.ended(good)).toMatchObject({ state: 'completed', exit: { kind: 'exited', code: 0 } })
  expect(await place.output(good)).toBe('out\nerr\n')
  expect(await place.ended(bad)).toMatchObject({ state: 'failed', stateReason: 'exited with code 3' })
  expect(place.problems).toEqual([])
})

test('higher priorities start first, and a job that waits can be given another one', async () => {
  await using place = await openWorkplace()
  const log = join(place.folder, 'order')
  const first = await place.shell(`echo a >> ${log}`)
  await place.shell(`echo b >> ${log}`, { priority: 5 })
  await place.shell(`echo c >> ${log}`)
  await place.jobs.prioritise(first, -1)
  place.work({ cpuMilli: 1000 })
  await place.ended(first)
  expect(readFileSync(log, 'utf8')).toBe('b\nc\na\n')
  await expect(place.jobs.prioritise(first, 3)).rejects.toMatchObject({ code: 'failed_precondition' })
})

test('a job whose run was closed by somebody else waits no more', async () => {
  await using place = await openWorkplace()
  const closed = await place.shell('true')
  await place.tracking.runs.transition(closed, {
    to: 'aborted',
    reason: 'closed elsewhere',
    atMs: 1,
    patch: { supervisor: null },
  })
  place.work()
  await place.until(async () => ((await place.jobs.find(closed))?.state === 'ended' ? true : undefined))
  expect(await place.tracking.runs.get(closed)).toMatchObject({ state: 'aborted', stateReason: 'closed elsewhere' })
})

test('a project runs no more jobs at a time than its limit, and the run says why it waits', async () => {
  await using place = await openWorkplace()
  await place.jobs.limit('p', 1)
  const gate = join(place.folder, 'gate')
  const first = await place.shell(`while [ ! -e ${gate} ]; do sleep 0.02; done`, { project: 'p' })
  const second = await place.shell('true', { project: 'p' })
  const other = await place.shell('true', { project: 'q' })
  place.work()
  await place.ended(other)
  await place.until(
    async () => (await place.tracking.runs.get(second)).stateReason?.match(/project p runs 1 job at a time/) ?? undefined,
  )
  expect((await place.tracking.runs.get(first)).state).toBe('running')
  place.write('gate', '')
  expect((await place.ended(second)).state).toBe('completed')
})

test('a failed attempt is repeated after its pause, and the queue counts the attempts', async () => {
  await using place = await openWorkplace()
  const mark = join(place.folder, 'mark')
  const run = await place.shell(`echo try; [ -e ${mark} ] || { touch ${mark}; exit 1; }`, { retries: 2, retryPauseMs: 10 })
  place.work()
  expect(await place.ended(run)).toMatchObject({ state: 'completed', attempt: 2 })
  expect(await place.output(run)).toBe('try\ntry\n')
})

test('a job that never reached its process, because what starts processes was killed, is started again and counts as one attempt', async () => {
  const killed: string[] = []
  // Called after the record says running, before the process is told.
  const arm = async (run: string): Promise<void> => {
    const { supervisor } = await place.tracking.runs.get(run)
    if (supervisor?.child === undefined) return
    const parent = /^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${supervisor.child.pid}/status`, 'utf8'))?.[1]
    if (killed.length > 0 || parent === undefined || Number(parent) === process.pid) return
    killed.push(run)
    process.kill(Number(parent), 'SIGKILL')
  }
  await using place = await openWorkplace({ notifications: { arm } })
  const log = join(place.folder, 'log')
  place.work()
  while (killed.length === 0) await place.ended(await place.shell('true'))
  const [run = ''] = killed
  expect(await place.tracking.runs.get(run)).toMatchObject({ state: 'completed', attempt: 1, error: null, exit: { code: 0 } })
  const later = await place.shell(`echo once >> ${log}; cat ${log}`)
  expect(await place.ended(later)).toMatchObject({ state: 'completed', attempt: 1 })
  expect(await place.output(later)).toBe('once\n')
})

test('a job that cannot be told what it is given fails and says why', async () => {
  // Called after the record says running, before the process is told.
  const arm = async (run: string): Promise<void> => {
    if ((await place.tracking.runs.get(run)).supervisor?.child !== undefined)
      throw new AppError('storage', 'The key of the secrets is gone.')
  }
  await using place = await openWorkplace({ notifications: { arm } })
  const run = await place.shell('true')
  place.work()
  expect(await place.ended(run)).toMatchObject({ state: 'failed', stateReason: 'The key of the secrets is gone.', attempt: 1 })
  await place.until(async () => (existsSync(join(place.execution.directory.runs, run)) ? undefined : true))
})

test('a job that nobody takes in time fails and says what it waited for', async () => {
  await using place = await openWorkplace()
  const run = await place.shell('true', { resources: { gpus: 1 }, pendingTimeoutMs: 300 })
  place.work()
  const ended = await place.ended(run)
  expect(ended).toMatchObject({ state: 'failed', error: { type: 'pending_timeout' } })
  expect(ended.stateReason).toMatch(/not started within .* s: it waits for 1 GPU, and the server has 0 GPUs/)
})

test('a time-out ends the whole process group', async () => {
  await using place = await openWorkplace()
  const run = await place.shell('sleep 1000 & echo $!; wait', { timeoutMs: 300 })
  place.work()
  expect(await place.ended(run)).toMatchObject({ state: 'failed', stateReason: 'timed out after 0.3 s' })
  const child = Number(await place.output(run))
  await place.until(async () => isGone(child) || undefined)
})

test('abort takes one that waits out of the queue', async () => {
  await using place = await openWorkplace()
  const waiting = await place.shell('true')
  const aborted = { state: 'aborted', stateReason: 'not now' }
  expect(await place.jobs.abort(waiting, { reason: 'not now', force: false })).toMatchObject(aborted)
  expect(await place.jobs.abort(waiting, { reason: 'again', force: false })).toMatchObject(aborted)
  place.work()
  await place.ended(await place.shell('true'))
  expect(await place.tracking.runs.get(waiting)).toMatchObject(aborted)
  expect(await place.jobs.abort('0'.repeat(32), { reason: 'x', force: false })).toBe(false)
})

test('two workers share one queue: each job runs once, and together they keep to what the machine has', async () => {
  await using place = await openWorkplace()
  const log = join(place.folder, 'log')
  const runs: string[] = []
  for (let index = 0; index < 30; index++) runs.push(await place.shell(`echo + >> ${log}; sleep 0.02; echo - >> ${log}`))
  place.work({ cpuMilli: 3000 })
  place.work({ cpuMilli: 3000 })
  for (const run of runs) expect((await place.ended(run)).state).toBe('completed')
  const marks = readFileSync(log, 'utf8').trim().split('\n')
  expect(marks.length).toBe(60)
  let atWork = 0
  for (const mark of marks) {
    atWork += mark === '+' ? 1 : -1
    expect(atWork).toBeLessThanOrEqual(3)
  }
})

test('secrets reach the process and are nowhere in the database', async () => {
  await using place = await openWorkplace()
  const value = `a'b"c $x é\nline`
  const run = await place.shell('printf %s "$TOKEN"', {}, { secrets: { TOKEN: value } })
  const stored = await place.database.read(({ kysely }) => kysely.selectFrom('jobs').selectAll().execute())
  expect(JSON.stringify(stored)).not.toContain('line')
  place.work()
  await place.ended(run)
  expect(await place.output(run)).toBe(value)
  const after = await place.until(async () => {
    const rows = await place.database.read(({ kysely }) => kysely.selectFrom('jobs').selectAll().execute())
    return rows.find(({ state }) => state === 'ended')
  })
  expect(after.secrets).toBeNull()
})

test('a run that is in the records already keeps its id, name and parameters', async () => {
  await using place = await openWorkplace()
  const id = '0123456789abcdef0123456789abcdef'
  await place.tracking.runs.create({
    id,
    name: 'theirs',
    project: 'p',
    experiment: 'e',
    kind: 'run',
    state: 'created',
    owner: 'client',
    host: '',
    parameters: { p1: 5 },
    outPath: '/tmp/theirs',
  })
  await place.shell('echo hi', { name: 'other' }, { runId: id })
  place.work()
  expect(await place.ended(id)).toMatchObject({
    name: 'theirs',
    project: 'p',
    parameters: { p1: 5 },
    outPath: '/tmp/theirs',
    state: 'completed',
  })
  await expect(place.shell('true', {}, { runId: id })).rejects.toMatchObject({ code: 'failed_precondition' })
})

test('code that is sent along runs in a folder of its own, which goes with the job', async () => {
  await using place = await openWorkplace()
  const { runId } = await place.jobs.submit({
    task: { command: 'hello.py', parameters: { who: 'ada' }, handler: 'job' },
    code: { name: 'hello.py', text: 'def job(who):\n    print("hello", who)\n    return {"length": len(who)}\n' },
    commandLine: ['test'],
    owner: 'ada',
  })
  place.work()
  expect(await place.ended(runId)).toMatchObject({ state: 'completed', code: { file: 'hello.py', handler: 'job' } })
  expect(await place.output(runId)).toBe('hello ada\n')
  for (const name of ['../x.py', 'a/b.py', '', '.hidden'])
    await expect(
      place.jobs.submit({ task: { command: name }, code: { name, text: '' }, commandLine: [], owner: 'ada' }),
    ).rejects.toMatchObject({ code: 'invalid_argument' })
})

test('a sweep is carried out like any other job', async () => {
  await using place = await openWorkplace()
  place.write('square.py', 'def job(x):\n    return {"y": x * x}\n')
  const { runId } = await place.jobs.submit({
    task: { command: 'square.py', handler: 'job', sweep: { hyperParameters: { x: [1, -3, 2] }, selector: 'max.y' } },
    commandLine: ['test'],
    owner: 'ada',
    workingDirectory: place.folder,
  })
  place.work()
  expect(await place.ended(runId)).toMatchObject({ state: 'completed', kind: 'sweep', sweep: { completed: 3, bestIteration: 2 } })
})

test('a sweep that has ended is given more iterations, which go on from those it has', async () => {
  await using place = await openWorkplace()
  place.write('square.py', 'def job(x):\n    return {"y": x * x}\n')
  const ask = (sweep: object) =>
    place.jobs.submit({
      task: { command: 'square.py', handler: 'job', sweep: { selector: 'max.y', seed: 7, ...sweep } },
      commandLine: ['test'],
      owner: 'ada',
      workingDirectory: place.folder,
    })
  const random = { hyperParameters: { x: { type: 'uniform', low: 0, high: 1 } }, strategy: 'random' }
  const { runId } = await ask({ ...random, maxIterations: 2 })
  const grid = await ask({ hyperParameters: { x: [1, 2] } })
  await expect(place.jobs.extend(runId, 5)).rejects.toMatchObject({ code: 'failed_precondition' })
  place.work()
  await place.ended(runId)
  await place.ended(grid.runId)
  const before = await place.tracking.runs.children(runId)
  await expect(place.jobs.extend(runId, 2)).rejects.toThrow('has 2 iterations already: ask for more than 2')
  await expect(place.jobs.extend(grid.runId, 9)).rejects.toThrow('has tried all 2 combinations of its values')
  expect(await place.jobs.extend(runId, 4)).toMatchObject({ state: 'queued', runId })
  expect(await place.ended(runId)).toMatchObject({ state: 'completed', sweep: { planned: 4, completed: 4 } })
  const after = await place.tracking.runs.children(runId)
  expect(after.map(({ iteration }) => iteration)).toEqual([1, 2, 3, 4])
  expect(after.slice(0, 2).map(({ id, parameters }) => ({ id, parameters }))).toEqual(
    before.map(({ id, parameters }) => ({ id, parameters })),
  )
  // What would have come, had it been asked for at first.
  const whole = await place.ended((await ask({ ...random, maxIterations: 4 })).runId)
  const expected = await place.tracking.runs.children(whole.id)
  expect(after.map(({ parameters }) => parameters)).toEqual(expected.map(({ parameters }) => parameters))
})

test('a sweep that was stopped early has the iterations that exist; none is extended without bound', async () => {
  await using place = await openWorkplace()
  place.write('square.py', 'def job(x):\n    return {"y": x * x}\n')
  const hyperParameters = { x: { type: 'uniform' as const, low: 0, high: 1 } }
  const sweep = { hyperParameters, seed: 7, maxIterations: 100, parallel: 1, stopCondition: 'y >= 0' }
  const { runId } = await place.jobs.submit({
    task: { command: 'square.py', handler: 'job', sweep },
    commandLine: ['test'],
    owner: 'ada',
    workingDirectory: place.folder,
  })
  place.work()
  expect(await place.ended(runId)).toMatchObject({ state: 'completed', sweep: { planned: 100 } })
  await expect(place.jobs.extend(runId, 100_001)).rejects.toThrow('at most 100000 iterations')
  const has = (await place.tracking.runs.children(runId)).length
  expect(has).toBeLessThan(100)
  await expect(place.jobs.extend(runId, has)).rejects.toThrow(`has ${has} iterations already`)
  expect(await place.jobs.extend(runId, has + 1)).toMatchObject({ state: 'queued' })
  expect(await place.ended(runId)).toMatchObject({ state: 'completed', sweep: { planned: has + 1 } })
})

test('a sweep whose job cannot be queued stays as it was', async () => {
  await using place = await openWorkplace()
  place.write('square.py', 'def job(x):\n    return {"y": x * x}\n')
  const sweep = { hyperParameters: { x: { type: 'uniform' as const, low: 0, high: 1 } }, maxIterations: 1 }
  const { runId } = await place.jobs.submit({
    task: { command: 'square.py', handler: 'job', sweep },
    commandLine: ['test'],
    owner: 'ada',
    workingDirectory: place.folder,
  })
  const worker = place.work()
  await place.ended(runId)
  await place.until(async () => (await place.jobs.find(runId))?.state === 'ended' || undefined)
  await worker.leave()
  await place.shell('true', {}, { host: 'elsewhere' })
  // A second job that waits is then refused by the database.
  await place.database.write(({ kysely }) => kysely.schema.createIndex('one_waits').on('jobs').column('state').unique().execute())
  await expect(place.jobs.extend(runId, 2)).rejects.toThrow()
  expect(await place.tracking.runs.get(runId)).toMatchObject({ state: 'completed', sweep: { planned: 1 } })
  await place.database.write(({ kysely }) => kysely.schema.dropIndex('one_waits').execute())
})

test('what cannot be run is refused when it is asked for, or told on the run', async () => {
  await using place = await openWorkplace()
  const ask = (task: object) => place.jobs.submit({ task, commandLine: [], owner: 'ada', workingDirectory: place.folder })
  await expect(ask({ command: 'missing.py' })).rejects.toMatchObject({ code: 'invalid_argument' })
  await expect(ask({})).rejects.toMatchObject({ code: 'invalid_argument' })
  await expect(ask({ program: ['true'], resources: { memory: 'much' } })).rejects.toThrow(
    /resources.memory: "much" is no quantity/,
  )
  place.write('some.py', 'def job(): pass\n')
  place.work()
  const { runId } = await ask({ command: 'some.py', handler: 'other' })
  expect(await place.ended(runId)).toMatchObject({ state: 'failed', error: { type: 'missing_handler' } })
})

function isGone(pid: number): boolean {
  try {
    return / [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return true
  }
}
