import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { newRunId, type RunRecord } from '@trainyard/contract'
import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Outbox, RemoteServer, Shipper } from '../../remote/index.ts'
import { listAll } from '../../objects/index.ts'
import type { Tracking } from '../../tracking/index.ts'
import { writeSpan } from '../../traces/index.ts'
import { spanOf } from '../../traces/testing/temporary-traces.ts'
import { type OpenServer, openServer } from '../testing/open-server.ts'

/** Both sides as they are in the product; between them, instead of a network, what a network may do. */
let here: OpenServer
let there: OpenServer
let folder: string
beforeEach(async () => {
  here = await openServer()
  there = await openServer()
  folder = mkdtempSync(join(tmpdir(), 'trainyard-sending-'))
})
afterEach(async () => {
  await here[Symbol.asyncDispose]()
  await there[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true })
})

const mishaps = ['none', 'lost', 'unanswered', 'twice', 'late'] as const
type Mishap = (typeof mishaps)[number]

/** Requests go lost, are carried out without an answer, twice, or again much later, behind others. */
function network(server: OpenServer, next: () => Mishap) {
  const late: (() => Promise<unknown>)[] = []
  const send: typeof fetch = async (input, init) => {
    const { pathname, search } = new URL(input instanceof Request ? input.url : input)
    const payload = init?.body == null ? undefined : Buffer.from(await new Response(init.body).arrayBuffer())
    const deliver = async () =>
      await server.app.inject({
        method: (init?.method ?? 'GET') as 'GET',
        url: `${pathname}${search}`,
        headers: { ...(init?.headers as Record<string, string>), host: 'localhost' },
        ...(payload === undefined ? {} : { payload }),
      })
    const failure = new TypeError('fetch failed', { cause: Object.assign(new Error('reset'), { code: 'ECONNRESET' }) })
    const mishap = next()
    if (mishap === 'late') late.push(deliver)
    if (mishap === 'lost' || mishap === 'late') throw failure
    if (mishap === 'twice') await deliver()
    const answer = await deliver()
    if (mishap === 'unanswered') throw failure
    return new Response(new Uint8Array(answer.rawPayload), { status: answer.statusCode })
  }
  return { fetch: send, late }
}

/** Artifacts are made one after the other, in all rounds together. */
let made = 0
const parent = newRunId(1_000)
const child = newRunId(2_000)

async function begin(tracking: Tracking, id: string, parentId?: string): Promise<void> {
  await tracking.runs.create({
    id,
    name: 'train',
    project: 'vision',
    experiment: 'iris',
    kind: parentId === undefined ? 'sweep' : 'iteration',
    ...(parentId === undefined ? {} : { parentId }),
    iteration: parentId === undefined ? 0 : 1,
    state: 'running',
    owner: 'ada',
    host: 'laptop',
    outPath: join(folder, id),
    parameters: { eta: 0.1 },
  })
}

const point = fc.record({
  key: fc.constantFrom('loss', 'accuracy', 'a/b'),
  step: fc.integer({ min: 0, max: 20 }),
  timeMs: fc.integer({ min: 1, max: 5 }),
  value: fc.oneof(fc.double({ noNaN: false }), fc.integer()),
})
const act = fc.oneof(
  fc.record({ type: fc.constant('points' as const), points: fc.array(point, { minLength: 1, maxLength: 5 }) }),
  fc.record({ type: fc.constant('output' as const), text: fc.string({ minLength: 1, maxLength: 20 }) }),
  fc.record({ type: fc.constant('labels' as const), labels: fc.dictionary(fc.constantFrom('a', 'b'), fc.string()) }),
  fc.record({ type: fc.constant('artifact' as const), key: fc.constantFrom('model', 'plot'), text: fc.string() }),
  fc.record({
    type: fc.constant('model' as const),
    status: fc.constantFrom('pending', 'ready', 'failed'),
    file: fc.option(fc.string({ maxLength: 30 }), { nil: undefined }),
    value: fc.double({ noNaN: false }),
  }),
  fc.record({ type: fc.constant('tag' as const), value: fc.string({ maxLength: 5 }) }),
  fc.record({
    type: fc.constant('trace' as const),
    state: fc.constantFrom('IN_PROGRESS', 'OK', 'ERROR'),
    spans: fc.integer({ min: 0, max: 3 }),
    attribute: fc.oneof(fc.bigInt(), fc.double({ noNaN: true }), fc.string()),
    file: fc.boolean(),
  }),
  fc.record({ type: fc.constant('assess' as const), value: fc.oneof(fc.double({ noNaN: true }), fc.boolean()) }),
  fc.record({ type: fc.constant('send' as const), times: fc.integer({ min: 1, max: 2 }) }),
  fc.record({ type: fc.constant('anew' as const) }),
  fc.record({ type: fc.constant('late' as const) }),
)
type Act = typeof act extends fc.Arbitrary<infer Value> ? Value : never

const modelIdOf = (id: string, number: number): string => `m-${id.slice(0, 28)}${String(number).padStart(4, '0')}`
const traceIdOf = (id: string, number: number): string => `tr-${id}-${number}`
const lastOf = async (id: string) => (await here.sources.traces.shipped.ofRun(id, { after: 0, limit: 1_000 })).traces.at(-1)

/** What clients log beside runs: models with their files, traces with spans, tags and assessments of them. */
async function carryOutWork(id: string, number: number, each: Act): Promise<void> {
  const { tracking, traces, places } = here.sources
  const { loggedModels } = tracking
  const { id: experimentId } = (await tracking.experiments.ofRuns([id])).get(id)!
  if (each.type === 'model') {
    const model = await loggedModels.create({
      id: modelIdOf(id, number),
      experimentId,
      name: 'classifier',
      sourceRunId: id,
      parameters: { depth: String(number) },
      tags: { number: String(number) },
    })
    if (each.file !== undefined) await (await places.open(await places.ofModel(model))).put('a/MLmodel', Buffer.from(each.file))
    if (each.status !== 'pending') await loggedModels.setStatus(model.id, each.status)
    await loggedModels.link(id, [{ modelId: model.id, direction: 'output', step: number }])
    const measured = { modelId: model.id, key: 'acc', step: 0, timeMs: 1, value: each.value, datasetName: 'd', datasetDigest: '' }
    await tracking.reported.log(id, { modelPoints: [measured] })
  }
  const model = (await tracking.shippedModels.madeBy(id)).at(-1)
  if (each.type === 'tag' && model) await loggedModels.setTags(model.id, { tagged: each.value })
  if (each.type === 'trace') {
    const trace = { id: traceIdOf(id, number), experimentId }
    const { state, attribute } = each
    await traces.put({
      ...trace,
      state,
      startedAtMs: number,
      metadata: { 'mlflow.sourceRun': id, b: '1', a: '2' },
    })
    const spans = Array.from({ length: each.spans }, (_, at) =>
      spanOf({ traceId: trace.id, id: String(at).padStart(16, '0'), attributes: { attribute } }),
    )
    await traces.addSpans(experimentId, spans)
    if (each.file)
      await (await places.open(await places.ofTrace({ ...trace, project: 'vision' }))).put('picture.png', Buffer.from('picture'))
  }
  const last = each.type === 'assess' ? await lastOf(id) : undefined
  if (each.type === 'assess' && last)
    await traces.assessments.create(last.id, {
      kind: 'feedback',
      name: 'good',
      source: { type: 'HUMAN', id: 'ada' },
      value: each.value,
    })
}

/** Models and traces of a run as a server knows them, with all their bytes. */
async function workOf(server: OpenServer, id: string): Promise<unknown> {
  const { tracking, traces, places } = server.sources
  const filesIn = async (place: string) => {
    const store = await places.open(place)
    const files: string[] = []
    for await (const { key } of listAll(store)) {
      let text = ''
      for await (const piece of (await store.get(key)).stream) text += String(piece)
      files.push(`${key} ${text}`)
    }
    return files
  }
  const models = []
  for (const { experimentId, ...model } of await tracking.shippedModels.madeBy(id))
    models.push({ ...model, files: await filesIn(await places.ofModel({ ...model, experimentId })) })
  const found = []
  for (const { experimentId, ...trace } of (await traces.shipped.ofRun(id, { after: 0, limit: 1_000 })).traces) {
    const spans = (await traces.spansOf([trace.id])).get(trace.id)?.map(writeSpan) ?? []
    found.push({ ...trace, spans, files: await filesIn(await places.ofTrace({ ...trace, experimentId, project: 'vision' })) })
  }
  const uses = await tracking.shippedModels.usesOf(id)
  return { models, uses, traces: found.sort((left, right) => (left.id < right.id ? -1 : 1)) }
}

async function carryOut(tracking: Tracking, id: string, number: number, each: Act): Promise<void> {
  await carryOutWork(id, number, each)
  if (each.type === 'points') await tracking.reported.log(id, { points: each.points })
  if (each.type === 'labels') await tracking.runs.setLabels([id], each.labels)
  if (each.type === 'output')
    await tracking.logs.append(id, [{ offset: await tracking.logs.sizeBytes(id), timeMs: 1, bytes: Buffer.from(each.text) }])
  if (each.type === 'artifact') {
    const { outPath, project, iteration } = await tracking.runs.get(id)
    const target = join(outPath, `${each.key}-${number}`)
    mkdirSync(outPath, { recursive: true })
    writeFileSync(target, each.text)
    await tracking.artifacts.add({ runId: id, project, iteration, key: each.key, kind: 'file', target, createdAtMs: ++made })
  }
}

/** What must be the same on both sides in the end. */
async function pictureOf(tracking: Tracking, id: string): Promise<unknown> {
  const { supervisor: _, updatedAtMs: _changed, outPath: _place, results, ...record }: RunRecord = await tracking.runs.get(id)
  const series = await tracking.metrics.series(id)
  const points = await Promise.all(
    series.map(async ({ key }) => [key, (await tracking.metrics.history(id, key)).map((each) => JSON.stringify(each)).sort()]),
  )
  const pieces: Uint8Array[] = []
  for await (const { bytes } of tracking.logs.read(id)) pieces.push(bytes)
  const artifacts = (await tracking.artifacts.ofRun(id)).map(({ target: _target, ...artifact }) => artifact)
  return { record, results: Object.keys(results).sort(), points, output: Buffer.concat(pieces).toString(), artifacts }
}

describe('a run that works elsewhere', () => {
  test('arrives once and whole, whatever happens to the requests and whoever sends them', { timeout: 300_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(act, { maxLength: 16 }),
        fc.array(fc.constantFrom(...mishaps), { maxLength: 60 }),
        fc.boolean(),
        async (acts, drawn, ends) => {
          const [id, below] = [newRunId(Date.now()), newRunId(Date.now())]
          await begin(here.tracking, id)
          await begin(here.tracking, below, id)
          const luck = [...drawn]
          const { fetch, late } = network(there, () => luck.shift() ?? 'none')
          const outbox = new Outbox(folder)
          const remote = new RemoteServer({ url: 'http://localhost:1', fetch })
          const make = () =>
            new Shipper({ ...here.sources, remote, outbox, onAsked: () => undefined, onTrouble: () => undefined })
          let shipper = make()
          outbox.add(id, remote.url)
          for (const [number, each] of acts.entries()) {
            await carryOut(here.tracking, number % 2 === 0 ? id : below, number, each)
            if (each.type === 'send') for (let time = 0; time < each.times; time++) await shipper.finish(id, { patienceMs: 0 })
            // Killed: the next one knows nothing.
            if (each.type === 'anew') shipper = make()
            if (each.type === 'late') await Promise.all(late.splice(0).map((deliver) => deliver()))
          }
          await here.tracking.runs.transition(below, { to: 'completed', atMs: 9_000 })
          await here.tracking.runs.transition(id, { to: ends ? 'completed' : 'failed', reason: 'why', atMs: 9_000 })
          luck.length = 0
          if ((await shipper.finish(id, { patienceMs: 0 })) !== 'arrived')
            throw new Error('not all of it arrived over a sound network')
          await Promise.all(late.splice(0).map((deliver) => deliver()))
          expect(outbox.list()).toEqual([])
          for (const one of [id, below]) {
            expect(await pictureOf(there.tracking, one)).toEqual(await pictureOf(here.tracking, one))
            expect(await workOf(there, one)).toEqual(await workOf(here, one))
          }
        },
      ),
      { numRuns: 15 },
    )
  })

  test('hears that it should stop, and the wish stays until it has', async () => {
    const remote = new RemoteServer({ url: 'http://localhost:1', fetch: network(there, () => 'none').fetch })
    const outbox = new Outbox(folder)
    const asked: string[] = []
    const shipper = new Shipper({
      ...here.sources,
      remote,
      outbox,
      onAsked: (runId, reason) => asked.push(`${runId} ${reason}`),
      onTrouble: (sentence) => asked.push(sentence),
    })
    await begin(here.tracking, parent)
    await shipper.finish(parent, { patienceMs: 0 })
    await there.tracking.runs.transition(parent, { to: 'aborting', reason: 'enough' })
    await shipper.finish(parent, { patienceMs: 0 })
    await shipper.finish(parent, { patienceMs: 0 })
    expect(asked).toEqual([`${parent} enough`, `${parent} enough`])
    expect((await there.tracking.runs.get(parent)).state).toBe('aborting')
    await here.tracking.runs.transition(parent, { to: 'aborting', reason: 'enough' })
    await here.tracking.runs.transition(parent, { to: 'aborted', reason: 'enough' })
    expect(await shipper.finish(parent, { patienceMs: 0 })).toBe('arrived')
    const states = (await there.tracking.runs.history(parent)).map(({ state }) => state)
    expect(states).toEqual(['running', 'aborting', 'aborted'])
  })

  test('follows into the experiment it is moved to after it was first sent', async () => {
    const remote = new RemoteServer({ url: 'http://localhost:1', fetch: network(there, () => 'none').fetch })
    const outbox = new Outbox(folder)
    const shipper = new Shipper({
      ...here.sources,
      remote,
      outbox,
      onAsked: () => undefined,
      onTrouble: (sentence) => expect.unreachable(sentence),
    })
    await begin(here.tracking, parent)
    await shipper.finish(parent, { patienceMs: 0 })
    const { id } = await here.tracking.experiments.create({ project: 'vision', name: 'wine' })
    expect(await here.tracking.reported.move(parent, id)).toBe(true)
    await shipper.finish(parent, { patienceMs: 0 })
    expect((await there.tracking.runs.get(parent)).experiment).toBe('wine')
  })

  test('is not taken over from a run that was made there, nor put back out of the trash', async () => {
    const remote = new RemoteServer({ url: 'http://localhost:1', fetch: network(there, () => 'none').fetch })
    const told: string[] = []
    const outbox = new Outbox(folder)
    const shipper = new Shipper({
      ...here.sources,
      remote,
      outbox,
      onAsked: () => undefined,
      onTrouble: (sentence) => told.push(sentence),
    })
    await begin(here.tracking, child)
    await begin(there.tracking, child)
    outbox.add(child, remote.url)
    await shipper.finish(child, { patienceMs: 0 })
    expect(told).toEqual([expect.stringContaining('was not sent by another machine')])
    expect(outbox.list()).toEqual([])
  })
})

describe('a journal that comes over the network', () => {
  test('is taken once, in order, however it is cut, repeated and reordered', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(200), { maxLength: 12 }), fc.array(fc.nat(12), { maxLength: 40 }), async (cuts, order) => {
        const id = newRunId(Date.now())
        await begin(there.tracking, id)
        const lines = Array.from({ length: 20 }, (_, at) => `[${at + 1},${at},"metric","loss",${at},${at / 2}]\n`).join('')
        const edges = [0, ...cuts.map((cut) => cut % lines.length), lines.length].sort((left, right) => left - right)
        const pieces = edges.slice(1).map((end, at) => ({ offset: edges[at]!, text: lines.slice(edges[at], end) }))
        const send = async ({ offset, text }: { offset: number; text: string }) =>
          (
            await there.app.inject({
              method: 'POST',
              url: `/api/trainyard/v1/runs/${id}/journals/journal-1.jsonl?offset=${offset}`,
              headers: { host: 'localhost', 'content-type': 'application/octet-stream' },
              payload: text,
            })
          ).statusCode
        for (const at of order) expect([200, 409]).toContain(await send(pieces[at % pieces.length]!))
        for (;;) {
          const { json } = await there.ask('GET', `/api/trainyard/v1/runs/${id}/journals/journal-1.jsonl`)
          const { offset } = json as unknown as { offset: number }
          if (offset === lines.length) break
          expect(await send({ offset, text: lines.slice(offset) })).toBe(200)
        }
        const points = await there.tracking.metrics.history(id, 'loss')
        expect(points.map(({ step, value }) => [step, value])).toEqual(Array.from({ length: 20 }, (_, at) => [at, at / 2]))
      }),
      { numRuns: 10 },
    )
  })
})
