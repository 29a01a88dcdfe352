import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { type Answer, openServer, type OpenServer } from '../testing/open-server.ts'

const uid = 'b'.repeat(32)

interface Document {
  kind: string
  metadata: Record<string, unknown>
  spec: Record<string, unknown>
}
const document = ({ text }: Answer): Document => JSON.parse(text) as Document
const listed = ({ text }: Answer): Document[] => (JSON.parse(text) as { artifacts: Document[] }).artifacts

const artifact = (fields: { kind?: string; spec?: object; labels?: object } = {}) => ({
  kind: fields.kind ?? 'model',
  metadata: { key: 'model', project: 'p1', labels: fields.labels ?? {} },
  spec: { db_key: 'train_model', target_path: '/data/m/', framework: 'sklearn', future: 1, ...fields.spec },
})

const base = '/api/v2/projects/p1/artifacts'

async function withRun(server: OpenServer, iterations: readonly number[] = []): Promise<void> {
  const run = { metadata: { name: 'train' }, status: { state: 'completed' } }
  await server.ask('POST', `/api/v1/projects/p1/runs/${uid}`, run)
  for (const n of iterations) await server.ask('POST', `/api/v1/projects/p1/runs/${uid}?iter=${n}`, run)
}

it('a stored artifact is answered with its uid, and is an artifact of the run', async () => {
  await using server = await openServer()
  await withRun(server)
  const stored = await server.ask('PUT', `${base}/train_model?tree=${uid}&tag=v1`, artifact())
  expect(stored.status).toBe(200)
  expect(document(stored).metadata['uid']).toMatch(/^[0-9a-f]{40}$/)
  expect(await server.tracking.artifacts.ofRun(uid)).toMatchObject([
    { key: 'train_model', kind: 'model', target: '/data/m/', tags: ['latest', 'v1'], metadata: { framework: 'sklearn' } },
  ])
  const read = document(await server.ask('GET', `${base}/train_model?tag=v1`))
  expect(read).toMatchObject({ spec: { future: 1, db_key: 'train_model' }, metadata: { tag: 'v1', tree: uid, iter: 0 } })
  const run = JSON.parse((await server.ask('GET', `/api/v1/projects/p1/runs/${uid}`)).text) as {
    data: { status: { artifacts: object[] } }
  }
  expect(run.data.status.artifacts).toHaveLength(1)
})

it('the same artifact changes in place, another content makes a new version', async () => {
  await using server = await openServer()
  await withRun(server)
  const first = document(await server.ask('PUT', `${base}/train_model?tree=${uid}`, artifact()))
  const same = document(await server.ask('PUT', `${base}/train_model?tree=${uid}`, artifact({ spec: { metrics: { f1: 1 } } })))
  expect(same.metadata['uid']).toBe(first.metadata['uid'])
  expect(same.spec['metrics']).toEqual({ f1: 1 })
  const other = document(await server.ask('PUT', `${base}/train_model?tree=${uid}`, artifact({ spec: { algorithm: 'b' } })))
  expect(other.metadata['uid']).not.toBe(first.metadata['uid'])
  expect(listed(await server.ask('GET', base))).toHaveLength(2)
  expect(
    document(await server.ask('GET', `${base}/train_model?object-uid=${String(first.metadata['uid'])}`)).spec['metrics'],
  ).toEqual({ f1: 1 })
})

it('a tree that lost its tag to a newer run is still found by its tree', async () => {
  await using server = await openServer()
  await server.ask('PUT', `${base}/m?tree=one`, artifact())
  await server.ask('PUT', `${base}/m?tree=two`, artifact())
  expect(document(await server.ask('GET', `${base}/m?tag=latest&tree=one&iter=0`)).metadata['tree']).toBe('one')
  expect(document(await server.ask('GET', `${base}/m?tag=latest`)).metadata['tree']).toBe('two')
  expect((await server.ask('GET', `${base}/m?tag=blue&tree=one`)).status).toBe(404)
})

it('iterations share the tags of their sweep, and a link says which is the best', async () => {
  await using server = await openServer()
  await withRun(server, [1, 2])
  for (const n of [1, 2]) await server.ask('PUT', `${base}/train_model?tree=${uid}&iter=${n}`, artifact({ spec: { size: n } }))
  expect((await server.ask('GET', `${base}/train_model?tree=${uid}&iter=0`)).status).toBe(404)
  const link = { kind: 'link', metadata: { key: 'model', tree: uid }, spec: { link_iteration: 1, db_key: 'train_model' } }
  expect((await server.ask('PUT', `${base}/train_model?tree=${uid}`, link)).status).toBe(200)
  expect(document(await server.ask('GET', `${base}/train_model?tag=latest&tree=${uid}`)).metadata['iter']).toBe(1)
  expect(document(await server.ask('GET', `${base}/train_model?tag=latest&iter=2`)).metadata['iter']).toBe(2)
  expect(
    listed(await server.ask('GET', `${base}?tag=latest`))
      .map(({ metadata }) => String(metadata['iter']))
      .toSorted((left, right) => left.localeCompare(right)),
  ).toEqual(['1', '2'])
  expect(listed(await server.ask('GET', `${base}?best-iteration=True`)).map(({ metadata }) => metadata['iter'])).toEqual([1])
  const nowhere = { ...link, spec: { ...link.spec, link_iteration: 9 } }
  expect((await server.ask('PUT', `${base}/train_model?tree=${uid}`, nowhere)).status).toBe(404)
})

it('artifacts are listed by kind, label, name, tag and page', async () => {
  await using server = await openServer()
  await server.ask('PUT', `${base}/a?tree=t1`, artifact({ labels: { team: 'x' } }))
  await server.ask('PUT', `${base}/b?tree=t1`, artifact({ kind: 'dataset' }))
  await server.ask('PUT', `${base}/ab?tree=t1&tag=v1`, artifact({ kind: '' }))
  const keys = async (query: string): Promise<string[]> =>
    listed(await server.ask('GET', `${base}?${query}`))
      .map(({ spec }) => String(spec['db_key']))
      .toSorted((left, right) => left.localeCompare(right))
  expect(await keys('kind=model')).toEqual(['a'])
  expect(await keys('category=other')).toEqual(['ab', 'ab'])
  expect(await keys('label=team%3Dx')).toEqual(['a'])
  expect(await keys('name=~A')).toEqual(['a', 'ab', 'ab'])
  expect(await keys('tag=v1')).toEqual(['ab'])
  expect(await keys('tag=*')).toEqual(['a', 'ab', 'ab', 'b'])
  expect(await keys('page-size=2')).toHaveLength(2)
  expect((await server.ask('GET', `${base}?kind=model&category=model`)).status).toBe(400)
  const tags = '/api/v1/projects/p1/tags/prod'
  await server.ask('PUT', tags, { kind: 'artifact', identifiers: [{ key: 'a' }] })
  expect(await keys('tag=prod')).toEqual(['a'])
  expect((await server.ask('DELETE', tags, { kind: 'artifact', identifiers: [{ key: 'a' }] })).status).toBe(204)
  expect(await keys('tag=prod')).toEqual([])
  expect((await server.ask('DELETE', `${base}/a?tree=t1`)).status).toBe(204)
  expect(await keys('kind=model')).toEqual([])
})

it("an artifact that counts from the client's folder is kept, and none outside the server's places is read", async () => {
  await using server = await openServer()
  await server.ask('PUT', `${base}/a?tree=t1`, artifact({ spec: { target_path: 'run/0/a.txt' } }))
  expect(document(await server.ask('GET', `${base}/a`)).spec['target_path']).toBe('run/0/a.txt')
  expect((await server.ask('GET', '/api/v1/projects/p1/files?path=/etc/passwd')).status).toBe(403)
  expect((await server.ask('GET', '/api/v1/projects/p1/files?path=../../etc/passwd')).status).toBe(403)
  await server.ask('PUT', `${base}/b?tree=t1`, artifact({ spec: { target_path: '/etc/hostname' } }))
  expect((await server.ask('DELETE', `${base}/b?tree=t1&deletion_strategy=data-optional`)).status).toBe(403)
})

it('deleting the bytes of an artifact never empties a folder in which those of another lie', async () => {
  await using server = await openServer()
  const files = join(server.folder, 'artifacts', 'p1')
  mkdirSync(join(files, 'other'), { recursive: true })
  writeFileSync(join(files, 'other', 'model.pkl'), 'weights')
  await server.ask('PUT', `${base}/other?tree=t1`, artifact({ spec: { target_path: join(files, 'other', '/') } }))
  await server.ask('PUT', `${base}/greedy?tree=t2`, artifact({ spec: { target_path: `${files}/` } }))
  for (const strategy of ['data-optional', 'data-force'])
    expect((await server.ask('DELETE', `${base}/greedy?tree=t2&deletion_strategy=${strategy}`)).status).toBe(409)
  expect(existsSync(join(files, 'other', 'model.pkl'))).toBe(true)
  expect((await server.ask('DELETE', `${base}/greedy?tree=t2`)).status).toBe(204)
  expect((await server.ask('DELETE', `${base}/other?tree=t1&deletion_strategy=data-force`)).status).toBe(204)
  expect(existsSync(join(files, 'other', 'model.pkl'))).toBe(false)
})

it.each([
  ['POST', '/api/v1/submit_job', {}, 400],
  ['POST', '/api/v1/submit_job', { task: { spec: { function: 'p1/nobody@0' } } }, 404],
  ['POST', '/api/v1/submit_job', { task: { spec: { function: 'a b c' } } }, 400],
  ['POST', '/api/v1/projects/p1/functions/train', { metadata: { name: 'other' } }, 400],
  ['POST', '/api/v1/projects/p1/functions/train?tag=a%2Fb', { metadata: { name: 'train' } }, 400],
  ['GET', '/api/v1/projects/p1/functions/train', undefined, 404],
  ['PUT', '/api/v1/projects/p1', { metadata: { name: 'p2' } }, 400],
  ['PUT', '/api/v1/projects/a%3Fb', { metadata: {} }, 400],
  ['PATCH', '/api/v1/projects/nobody', { spec: {} }, 404],
  ['POST', '/api/v1/projects', { metadata: {} }, 400],
  ['POST', '/api/v1/projects/p1/secrets', { provider: 'vault', secrets: {} }, 400],
  ['POST', '/api/v1/projects/p1/secrets', { provider: 'kubernetes', secrets: { 'mlrun.internal': 'x' } }, 403],
  ['PUT', '/api/v1/projects/p1/tags/a%20b', { kind: 'artifact', identifiers: [] }, 400],
  ['PUT', '/api/v2/projects/p1/artifacts/a', [], 400],
  ['POST', '/api/v1/projects/p1/workflows/main/submit', { spec: { engine: 'kfp' } }, 400],
  ['POST', '/api/v1/projects/p1/workflows/main/submit', { spec: { engine: 'remote:local' } }, 400],
  ['GET', '/api/v1/background-tasks/nobody', undefined, 404],
] as const)('%s %s with %j is answered with %i and a sentence', async (method, url, body, status) => {
  await using server = await openServer()
  const answer = await server.ask(method, url, body === undefined ? undefined : JSON.stringify(body))
  expect(answer.status).toBe(status)
  expect(answer.json['detail']).toMatch(/\w+ .+/)
})
