import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { newRunId } from '@trainyard/contract'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { writeSpan } from '../../traces/index.ts'
import { spanOf } from '../../traces/testing/temporary-traces.ts'
import { type OpenServer, openServer, reportRun } from '../testing/open-server.ts'
import { shipperBetween } from '../testing/shipping.ts'

let there: OpenServer
let run: string
beforeEach(async () => {
  there = await openServer()
  run = await reportRun(there.tracking, join(there.folder, 'artifacts'))
})
afterEach(() => there[Symbol.asyncDispose]())

const at = (path: string): string => `/api/trainyard/v1/runs/${run}/${path}`
const bytes = { 'content-type': 'application/octet-stream' }
const modelId = `m-${'a'.repeat(32)}`
const model = {
  revision: 5,
  experiment: 'iris',
  name: 'net',
  type: null,
  status: 'ready',
  createdAtMs: 1,
  updatedAtMs: 1,
  trashedAtMs: null,
  tags: {},
  parameters: {},
}
const parcel = (id: string, spans: string[], digest: string | null = 'd') => ({
  experiment: 'iris',
  trace: {
    id,
    clientRequestId: null,
    state: 'OK',
    startedAtMs: 1,
    durationMs: 1,
    requestPreview: null,
    responsePreview: null,
    tags: {},
    metadata: {},
    assessments: [],
    prompts: [],
  },
  spans,
  digest,
})

describe('models and traces from another machine', () => {
  test('are refused with a sentence when they are malformed, and nothing of them is stored', async () => {
    const whole = writeSpan(spanOf({ traceId: 't-1', id: '0'.repeat(16) }))
    const send = (...traces: object[]) => there.ask('POST', at('traces'), { revision: 1, traces })
    for (const [spans, told] of [
      [['{'], 'is not JSON'],
      [[whole.replace('"id": "0000000000000000"', '"id": "x"')], '16 hexadecimal digits'],
      [[whole.replaceAll('t-1', 't-2')], 'of another one'],
    ] as const) {
      const { status, text } = await send(parcel('t-1', [...spans]))
      expect([status, text]).toEqual([400, expect.stringContaining(told)])
    }
    expect(await there.sources.traces.find('t-1')).toBeUndefined()
    expect((await there.ask('PUT', at('logged-models/m-1'), model)).status).toBe(400)
    expect((await there.ask('GET', at('files/sent'))).status).toBe(400)
    expect((await there.ask('PUT', at(`files/bytes?path=x&model=${modelId}`), 'x', bytes)).status).toBe(404)
    const unknown = `/api/trainyard/v1/runs/${'0'.repeat(32)}/traces`
    expect((await there.ask('POST', unknown, { revision: 1, traces: [] })).status).toBe(404)
  })

  test('keep their files in their own folder', async () => {
    expect((await there.ask('PUT', at(`logged-models/${modelId}`), model)).status).toBe(200)
    for (const path of ['../../out', '/etc/passwd', 'a/../../b', '%2e%2e/x']) {
      const query = new URLSearchParams({ path, model: modelId }).toString()
      const { status } = await there.ask('PUT', at(`files/bytes?${query}`), 'x', bytes)
      expect([path, status]).toEqual([path, 400])
    }
    expect((await there.ask('PUT', at(`files/bytes?path=a/b&model=${modelId}`), 'xyz', bytes)).status).toBe(200)
    const { json } = await there.ask('GET', at(`files/sent?model=${modelId}`))
    expect(json['files']).toContainEqual({
      path: 'a/b',
      sizeBytes: 3,
      sha256: createHash('sha256').update('xyz').digest('hex'),
    })
  })

  test('do not take over what was made here; their run arrives all the same, and says so', async () => {
    await using here = await openServer()
    const folder = mkdtempSync(join(tmpdir(), 'trainyard-work-'))
    const id = newRunId(Date.now())
    const names = { name: 'train', project: 'vision', experiment: 'iris', kind: 'run', owner: 'ada', host: 'laptop' } as const
    await here.tracking.runs.create({ ...names, id, state: 'running', outPath: join(folder, 'out') })
    const { id: experimentId } = (await here.tracking.experiments.ofRuns([id])).get(id)!
    for (const [{ tracking, traces }, experiment, source] of [
      [here.sources, experimentId, id],
      [there.sources, '0', run],
    ] as const) {
      await tracking.loggedModels.create({ id: modelId, experimentId: experiment, name: 'net', sourceRunId: source })
      const metadata = { 'mlflow.sourceRun': source }
      for (const traceId of source === id ? ['t-1', 't-2'] : ['t-1'])
        await traces.put({ id: traceId, experimentId: experiment, state: 'OK', startedAtMs: 1, metadata })
    }
    await here.tracking.runs.transition(id, { to: 'completed' })
    expect(await shipperBetween(here, there, folder).finish(id, { patienceMs: 0 })).toBe('arrived')
    expect((await there.tracking.loggedModels.find(modelId))?.sourceRunId).toBe(run)
    expect((await there.sources.traces.find('t-1'))?.experimentId).toBe('0')
    expect((await there.sources.traces.find('t-2'))?.project).toBe('vision')
    const { problems } = await here.tracking.runs.get(id)
    expect(problems.sort()).toEqual([
      expect.stringContaining(`The logged model ${modelId} was not sent`),
      expect.stringContaining('The trace t-1 was not sent'),
    ])
    rmSync(folder, { recursive: true })
  })
})
