import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { newRunId } from '@trainyard/contract'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Outbox, RemoteServer, Shipper } from '../../remote/index.ts'
import { type OpenServer, openServer } from '../testing/open-server.ts'

type Answer = { status: number; body: string } | undefined

let here: OpenServer
let there: OpenServer
let folder: string
let id: string
let outbox: Outbox
/** What stands in front of the server and answers in its place, where it does. */
let inFront: (method: string, path: string) => Answer
let sent: string[]
let told: string[]
beforeEach(async () => {
  here = await openServer()
  there = await openServer()
  folder = mkdtempSync(join(tmpdir(), 'trainyard-troubles-'))
  id = newRunId(Date.now())
  outbox = new Outbox(folder)
  inFront = () => undefined
  sent = []
  told = []
  await begin(here)
  outbox.add(id, remote().url)
})
afterEach(async () => {
  await here[Symbol.asyncDispose]()
  await there[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true })
})

const begin = async ({ tracking }: OpenServer): Promise<void> =>
  await tracking.runs.create({
    id,
    name: 'train',
    project: 'vision',
    experiment: 'iris',
    kind: 'run',
    iteration: 0,
    state: 'running',
    owner: 'ada',
    host: 'laptop',
    outPath: join(folder, 'out'),
    parameters: {},
  })

const remote = (): RemoteServer => new RemoteServer({ url: 'http://localhost:1', fetch: send })

const send: typeof fetch = async (input, init) => {
  const { pathname, search } = new URL(input instanceof Request ? input.url : input)
  const method = init?.method ?? 'GET'
  const payload = init?.body == null ? undefined : Buffer.from(await new Response(init.body).arrayBuffer())
  sent.push(`${method} ${pathname.split('/').slice(6).join('/')}`)
  const other = inFront(method, pathname)
  if (other) return new Response(other.body, { status: other.status })
  const answer = await there.app.inject({
    method: method as 'GET',
    url: `${pathname}${search}`,
    headers: { ...(init?.headers as Record<string, string>), host: 'localhost' },
    ...(payload === undefined ? {} : { payload }),
  })
  return new Response(new Uint8Array(answer.rawPayload), { status: answer.statusCode })
}

const newShipper = (): Shipper =>
  new Shipper({
    ...here.sources,
    remote: remote(),
    outbox,
    onAsked: () => undefined,
    onTrouble: (sentence) => told.push(sentence),
  })

const end = () => here.tracking.runs.transition(id, { to: 'completed' })
const log = (...points: [step: number, value: number, timeMs?: number][]) =>
  here.tracking.metrics.append(
    id,
    points.map(([step, value, timeMs = step]) => ({ key: 'loss', step, timeMs, value })),
  )
const stepsThere = async () => (await there.tracking.metrics.history(id, 'loss')).map(({ step, value }) => [step, value])

describe('points', () => {
  test('whose steps went back arrive, from the process that sent the others and from another', async () => {
    const shipper = newShipper()
    await log([0, 0], [1, 1], [2, 2], [3, 3])
    await shipper.finish(id, { patienceMs: 0 })
    await log([1, 333, 50])
    await shipper.finish(id, { patienceMs: 0 })
    expect(await stepsThere()).toHaveLength(5)
    await log([2, 444, 60])
    await newShipper().finish(id, { patienceMs: 0 })
    expect(await stepsThere()).toEqual(
      expect.arrayContaining([
        [1, 333],
        [2, 444],
      ]),
    )
    await end()
    expect(await newShipper().finish(id, { patienceMs: 0 })).toBe('arrived')
    expect(await stepsThere()).toHaveLength(6)
  })

  test('that are equal are one on the server, and are not sent again and again', async () => {
    const shipper = newShipper()
    await log([0, 0], [1, 1], [1, 1], [1, 1], [2, Number.NaN], [2, Number.NaN])
    await shipper.finish(id, { patienceMs: 0 })
    sent.length = 0
    for (let again = 0; again < 3; again++) await shipper.finish(id, { patienceMs: 0 })
    expect(sent.filter((each) => each.endsWith('log'))).toEqual([])
    await end()
    expect(await shipper.finish(id, { patienceMs: 0 })).toBe('arrived')
    expect(sent.filter((each) => each.endsWith('log'))).toEqual([])
    expect(await stepsThere()).toEqual([
      [0, 0],
      [1, 1],
      [2, Number.NaN],
    ])
  })

  test('that the server has lost, although it took them, are missed before the run leaves the outbox', async () => {
    const shipper = newShipper()
    let isLost = true
    inFront = (_method, path) => (isLost && path.endsWith('/log') ? { status: 200, body: '{}' } : undefined)
    await log([0, 0], [1, 1])
    await end()
    expect(await shipper.finish(id, { patienceMs: 0 })).toBe('waiting')
    expect([outbox.list().length, told]).toEqual([1, [expect.stringContaining("has 0 of the 2 points of 'loss'")]])
    isLost = false
    expect(await shipper.finish(id, { patienceMs: 0 })).toBe('arrived')
    expect([outbox.list(), await stepsThere()]).toEqual([
      [],
      [
        [0, 0],
        [1, 1],
      ],
    ])
  })
})

const ours = (code: string) => JSON.stringify({ error: { code, message: 'No.', details: {} } })

describe('what is answered in place of a receipt', () => {
  test.each<[number, string]>([
    [400, 'Bad request'],
    [403, '<h1>Forbidden</h1>'],
    [404, '<h1>Not found</h1>'],
    [409, ''],
    [413, ours('invalid_argument')],
    [429, 'Slow down'],
    [200, '<h1>Be right back</h1>'],
    [500, ours('internal')],
    [404, ours('not_found')],
    [409, ours('failed_precondition')],
    [403, ours('permission_denied')],
  ])('%i %s is waited out', async (status, body) => {
    await log([0, 0])
    await end()
    const shipper = newShipper()
    inFront = () => ({ status, body })
    expect(await shipper.finish(id, { patienceMs: 0 })).toBe('waiting')
    expect([outbox.list().length, told.length, (await here.tracking.runs.get(id)).problems]).toEqual([1, 1, []])
    inFront = () => undefined
    expect(await shipper.finish(id, { patienceMs: 0 })).toBe('arrived')
    expect([outbox.list(), await stepsThere()]).toEqual([[], [[0, 0]]])
  })

  test('a refusal of points or files, not of the record, does not give the run up', async () => {
    await log([0, 0])
    await end()
    inFront = (_method, path) => (path.endsWith('/log') ? { status: 400, body: ours('invalid_argument') } : undefined)
    expect(await newShipper().finish(id, { patienceMs: 0 })).toBe('waiting')
    expect(outbox.list()).toHaveLength(1)
  })

  test('a run in the trash of the server waits until it is restored', async () => {
    await end()
    expect(await newShipper().finish(id, { patienceMs: 0 })).toBe('arrived')
    outbox.add(id, remote().url)
    const shipper = newShipper()
    await there.tracking.runs.trash([id], Date.now())
    expect(await shipper.finish(id, { patienceMs: 0 })).toBe('waiting')
    expect([outbox.list().length, told]).toEqual([1, [expect.stringContaining('in the trash')]])
    await there.tracking.runs.restore([id])
    expect(await shipper.finish(id, { patienceMs: 0 })).toBe('arrived')
  })

  test('a record that is not taken is given up, which is told and noted on the run here', async () => {
    await begin(there)
    await end()
    expect(await newShipper().finish(id, { patienceMs: 0 })).toBe('refused')
    const sentence = expect.stringMatching(/will not be sent again: .* was not sent by another machine/)
    expect([outbox.list(), told, (await here.tracking.runs.get(id)).problems]).toEqual([[], [sentence], [sentence]])
  })
})

describe('artifacts', () => {
  test('one that arrives behind the version that took its place does not take it back', async () => {
    const { tracking } = here
    mkdirSync(join(folder, 'out'))
    const add = async (name: string) => {
      writeFileSync(join(folder, 'out', name), name)
      const target = join(folder, 'out', name)
      // In one millisecond.
      return await tracking.artifacts.add({
        runId: id,
        project: 'vision',
        iteration: 0,
        key: 'plot',
        kind: 'file',
        target,
        createdAtMs: 7,
      })
    }
    const older = await add('first')
    const newer = await add('second')
    expect(newer.id > older.id).toBe(true)
    await newShipper().finish(id, { patienceMs: 0 })
    await there.tracking.shipped.addArtifact({ ...older, tags: [] })
    const shown = await there.tracking.artifacts.ofRun(id)
    expect(shown.map((each) => [each.id, each.tags])).toEqual([[newer.id, ['latest']]])
  })
})
