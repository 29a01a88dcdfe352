import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openServer, type OpenServer } from '../testing/open-server.ts'

const proxy = '/api/2.0/mlflow-artifacts'
const token = { authorization: 'Bearer secret' }

interface Begun {
  upload_id: string
  credentials: { url: string; part_number: number }[]
}

describe('files in parts', () => {
  let server: OpenServer
  beforeAll(async () => void (server = await openServer({ token: 'secret' })))
  afterAll(() => server[Symbol.asyncDispose]())

  const newRun = async (): Promise<string> => {
    const { text } = await server.ask('POST', '/api/2.0/mlflow/runs/create', { experiment_id: '0' }, token)
    return (JSON.parse(text) as { run: { info: { run_id: string } } }).run.info.run_id
  }
  const begin = async (runId: string, count = 2): Promise<Begun> => {
    const { text } = await server.ask(
      'POST',
      `${proxy}/mpu/create/0/${runId}/artifacts`,
      { path: '/x/a.txt', num_parts: count },
      token,
    )
    return JSON.parse(text) as Begun
  }
  /** As a client asks: without the server's token. */
  const put = (url: string, body: string) => {
    const { pathname, search } = new URL(url)
    return server.ask('PUT', pathname + search, body, { 'content-type': 'application/octet-stream' })
  }
  const finish = (runId: string, body: object, how = 'complete') =>
    server.ask('POST', `${proxy}/mpu/${how}/0/${runId}/artifacts`, body, token)
  const stored = (): Promise<string[]> => readdir(join(server.folder, 'uploads'))

  it('go up and come down by addresses that need no token, and are on the record of their run', async () => {
    const runId = await newRun()
    const { upload_id, credentials } = await begin(runId)
    const parts: { part_number: number; etag: string }[] = []
    for (const { url, part_number } of credentials) {
      const { status, headers } = await put(url, `part ${part_number};`)
      expect(status).toBe(200)
      parts.push({ part_number, etag: String(headers['etag']) })
    }
    expect((await finish(runId, { path: 'a.txt', upload_id, parts })).status).toBe(200)
    expect(await stored()).not.toContain(upload_id)
    const { json } = await server.ask('GET', `${proxy}/presigned/0/${runId}/artifacts/a.txt`, {}, token)
    const { pathname, search } = new URL(String(json['url']))
    expect((await server.ask('GET', pathname + search)).text).toBe('part 1;part 2;')
    expect((await server.ask('GET', `${proxy}/presigned/0/${runId}/artifacts`, {}, token)).status).toBe(404)
    const [artifact] = (await server.tracking.artifacts.search({ runId })).map(({ key, sizeBytes }) => [key, sizeBytes])
    expect(artifact).toEqual(['a.txt', 14])
  })

  it('are refused without the token or a signature, and with a wrong one', async () => {
    const runId = await newRun()
    const { url } = (await begin(runId)).credentials[0]!
    const wrong = [
      url.split('?')[0]!,
      url.replace(/signature=./, 'signature=_'),
      url.replace('until=', 'until=1'),
      url.replace(/until=\d+/, 'until=1'),
      url.replace('/1?', '/3?'),
      url.replace('/1?', '/0?'),
      url.replace(/part\/\w+/, 'part/..%2f..'),
    ]
    for (const address of wrong) {
      expect((await put(address, 'x')).status, address).toBe(401)
      const { pathname, search } = new URL(address)
      expect((await server.ask('PUT', pathname + search, 'x', token)).status, address).toBe(403)
    }
    expect((await server.ask('GET', `${proxy}/signed/0/${runId}/artifacts/a.txt`, {}, token)).status).toBe(403)
    expect((await server.ask('POST', `${proxy}/mpu/create/0/${runId}/artifacts`, { path: 'a', num_parts: 1 })).status).toBe(401)
  })

  it('cannot leave the folder of their run, and need a name and 1 to 10000 parts', async () => {
    const root = `${proxy}/mpu/create/0/${await newRun()}/artifacts`
    const before = await stored()
    const ask = async (url: string, body: object | string) => (await server.ask('POST', url, body, token)).status
    for (const path of ['..', '.', '', '/', 'x/', '%2e%2e', 'a\\..', 'c:', 'a\0b'])
      expect(await ask(root, { path, num_parts: 1 }), path).toBe(400)
    for (const folder of ['..%2f..', '%252e%252e', 'a%2f..%2f..%2fb'])
      expect(await ask(`${root}/${folder}`, { path: 'a', num_parts: 1 }), folder).toBe(400)
    for (const num_parts of [0, -1, 10_001, 1.5, 'many', null])
      expect(await ask(root, { path: 'a', num_parts }), String(num_parts)).toBe(400)
    for (const body of ['', '[]', '{', '{"path":{}}', 'null']) expect(await ask(root, body), body).toBe(400)
    expect(await ask(`${proxy}/mpu/create/0/${'0'.repeat(32)}/artifacts`, { path: 'a', num_parts: 1 })).toBe(404)
    expect(await ask(`${proxy}/mpu/create/`, { path: 'a', num_parts: 1 })).toBe(404)
    expect(await stored()).toEqual(before)
  })

  it('are completed and given up only with their own id, file and parts', async () => {
    const runId = await newRun()
    const { upload_id, credentials } = await begin(runId)
    const etag = String((await put(credentials[0]!.url, 'x')).headers['etag'])
    const parts = [{ part_number: 1, etag }]
    const path = 'a.txt'
    for (const id of ['', '..', '../../x', 'f'.repeat(64)])
      expect((await finish(runId, { path, upload_id: id, parts })).status, id).toBe(id === '' ? 400 : 404)
    const wrong: object[] = [
      { path: 'b.txt', upload_id, parts },
      { path, upload_id, parts: [] },
      { path, upload_id },
      { path, upload_id, parts: [{ etag }] },
      { path, upload_id, parts: [{ part_number: 0, etag }] },
      { path, upload_id, parts: [{ part_number: 10_001, etag }] },
      { path, upload_id, parts: [{ part_number: 1, etag: '../about' }] },
    ]
    for (const body of wrong) expect((await finish(runId, body)).status, JSON.stringify(body)).toBe(400)
    expect((await finish(await newRun(), { path, upload_id, parts })).status).toBe(400)
    expect((await finish(runId, { path: 'b.txt', upload_id }, 'abort')).status).toBe(400)
    expect((await finish(runId, { path, upload_id }, 'abort')).status).toBe(200)
    expect((await finish(runId, { path, upload_id }, 'abort')).status).toBe(404)
    expect((await put(credentials[0]!.url, 'x')).status).toBe(404)
    expect(await stored()).not.toContain(upload_id)
  })

  it('are not taken for a deleted run, also when they began before', async () => {
    const runId = await newRun()
    const { upload_id, credentials } = await begin(runId, 1)
    const etag = String((await put(credentials[0]!.url, 'x')).headers['etag'])
    await server.ask('POST', '/api/2.0/mlflow/runs/delete', { run_id: runId }, token)
    const body = { path: 'a.txt', upload_id, parts: [{ part_number: 1, etag }] }
    expect((await finish(runId, body)).status).toBe(400)
    const again = await server.ask('POST', `${proxy}/mpu/create/0/${runId}/artifacts`, { path: 'a', num_parts: 1 }, token)
    expect(again.status).toBe(400)
    expect((await finish(runId, { path: 'a.txt', upload_id }, 'abort')).status).toBe(200)
  })
})
