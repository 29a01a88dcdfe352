import { afterAll, beforeAll, expect, test } from 'vitest'
import { type OpenServer, openServer } from '../testing/open-server.ts'

const root = '/api/trainyard/v1'
let server: OpenServer
beforeAll(async () => {
  server = await openServer()
})
afterAll(() => server[Symbol.asyncDispose]())

const save = (body: object) => server.ask('POST', `${root}/functions`, { project: 'p', ...body })

test('a function is saved, found, listed, tagged, compared and deleted', async () => {
  const first = await save({ spec: { name: 'f', code: 'def go(context, a=1):\n    pass\n', handler: 'go' } })
  expect(first).toMatchObject({ status: 200, json: { kind: 'job', tags: ['latest'], spec: { entryPoints: { go: {} } } } })
  const second = await save({ spec: { name: 'f', code: 'def go(): pass', replicas: 2 }, tags: ['latest', 'v2'] })
  const found = await server.ask('GET', `${root}/functions/f`, { project: 'p', tag: 'v2' })
  expect(found.json['hash']).toBe(second.json['hash'])
  expect((await server.ask('GET', `${root}/functions`, { project: 'p' })).json['functions']).toHaveLength(1)
  expect(
    (await server.ask('GET', `${root}/functions`, { project: 'p', versions: 'true', label: 'x' })).json['functions'],
  ).toEqual([])
  await server.ask('PUT', `${root}/functions/f/tags/old`, { project: 'p', hash: first.json['hash'] })
  const difference = await server.ask('POST', `${root}/functions/f/compare`, { project: 'p', before: { tag: 'old' }, after: {} })
  expect(difference.json).toMatchObject({ fields: expect.arrayContaining([{ path: 'spec.replicas', before: null, after: 2 }]) })
  expect((await server.ask('GET', `${root}/functions/f/history`, { project: 'p' })).json['moves']).toHaveLength(4)
  expect((await server.ask('DELETE', `${root}/functions/f/tags/old?project=p`)).json).toEqual({ removed: true })
  expect((await server.ask('DELETE', `${root}/functions/f?project=p`)).json).toEqual({ deleted: 2 })
})

test('a document keeps what is not known here', async () => {
  const document = { kind: 'job', metadata: { name: 'g' }, spec: { image: 'x', security_context: { a: 1 } } }
  expect((await save({ document })).json['document']).toMatchObject({ spec: { security_context: { a: 1 } } })
})

test('two that save at once with what they expect: one is told of the other', async () => {
  const { json } = await save({ spec: { name: 'h', code: '1' } })
  const both = await Promise.all(['2', '3'].map((code) => save({ spec: { name: 'h', code }, expected: json['hash'] })))
  expect(both.map(({ status }) => status).toSorted((one, other) => one - other)).toEqual([200, 409])
})

test.each([
  [{}, 'give either spec or document'],
  [{ spec: { name: 'f' } }, 'has no code'],
  [{ spec: { name: '', code: 'x' } }, 'spec.name'],
  [{ spec: { name: 'f', code: 'x', kind: 'jop' } }, 'did you mean job?'],
  [{ spec: { name: 'f', code: 'def a(): pass', handler: 'b' } }, "has no handler 'b'; it has: a."],
  [{ spec: { name: 'f', code: 'x', colour: 'red' } }, 'spec'],
  [{ document: { kind: 'project', metadata: {} } }, 'its kind is project'],
  [{ document: { kind: 'job', metadata: { name: 'f' }, spec: { args: 3 } } }, 'spec.args must be a list'],
  [{ spec: { name: 'a/b', code: 'x' } }, 'may not have spaces nor any of'],
])('%j is refused with 400 and a sentence', async (body, reason) => {
  const answer = await save(body)
  expect([answer.status, answer.text]).toEqual([400, expect.stringContaining(reason)])
})

test('what is not there is told with 404, and who asks for a run where no jobs are taken with 403', async () => {
  expect((await server.ask('GET', `${root}/functions/none`, { project: 'p' })).status).toBe(404)
  await save({ spec: { name: 'r', code: 'x' } })
  expect((await server.ask('POST', `${root}/functions/r/runs`, { project: 'p' })).status).toBe(403)
})

test('a build is begun, followed and told from its first line on; who may not run programs may not build', async () => {
  await save({ spec: { name: 'built', code: 'def go(): pass' } })
  expect((await server.ask('POST', `${root}/functions/built/build`, { project: 'p' })).status).toBe(403)
  expect((await server.ask('GET', `${root}/functions/built/build`, { project: 'p' })).json).toMatchObject({
    isRunning: false,
    state: null,
    build: null,
    log: '',
    offset: 0,
  })
  expect((await server.ask('GET', `${root}/functions/none/build`, { project: 'p' })).status).toBe(404)
  const wrong = await server.ask('POST', `${root}/functions/built/build`, { project: 'p', what: 'img' })
  expect([wrong.status, wrong.text]).toEqual([400, expect.stringContaining('what')])
})
