import { createHash, randomBytes } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type S3TestServer, startS3Server } from '../engines/s3-server.mjs'
import { eventually, type Started, Workshop } from './program.ts'

const MiB = 1024 * 1024
let s3: S3TestServer
let workshop: Workshop
let server: Started
let url: string

beforeAll(async () => {
  s3 = await startS3Server({ buckets: ['models'], log: (line) => console.info(line) })
  workshop = new Workshop({
    AWS_ACCESS_KEY_ID: s3.accessKeyId,
    AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
    AWS_REGION: s3.region,
    S3_ENDPOINT: s3.endpoint,
  })
  server = workshop.start(['up', '--port', '0', '--no-open', '--artifacts', 's3://models/of team'])
  await eventually(() => existsSync(join(workshop.folder, '.trainyard', 'server.json')) || undefined)
  url = (await workshop.json<{ url: string }>('status')).url
}, 600_000)
afterAll(async () => {
  server.kill('SIGTERM')
  await server.finished
  workshop[Symbol.dispose]()
})

const api = '/api/2.0'
const post = async <Answer>(path: string, body: object): Promise<Answer> => {
  const answer = await fetch(url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
  return (await answer.json()) as Answer
}

/** What lies in the bucket, by key. */
const kept = (): string[] =>
  readdirSync(join(s3.folder, 'models'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(join(s3.folder, 'models').length + 1))

async function newRun(): Promise<{ id: string; files: string }> {
  const { run } = await post<{ run: { info: { run_id: string; artifact_uri: string } } }>(`${api}/mlflow/runs/create`, {
    experiment_id: '0',
  })
  const { run_id: id, artifact_uri: uri } = run.info
  return { id, files: `${url}${api}/mlflow-artifacts/artifacts/${uri.replace(/^mlflow-artifacts:\/*/, '')}` }
}

it('keeps what MLflow clients send in the bucket, and gives it back: whole, in ranges, as a listing, until it is deleted', async () => {
  const { id, files } = await newRun()
  const large = randomBytes(12 * MiB)
  expect((await fetch(`${files}/weights/big.bin`, { method: 'PUT', body: large })).status).toBe(200)
  expect((await fetch(`${files}/weights/né 1%.txt`.replace('%', '%25'), { method: 'PUT', body: 'text' })).status).toBe(200)
  expect(kept().filter((key) => key.endsWith(`${id}/weights/big.bin`))).toEqual([`of team/default/${id}/weights/big.bin`])
  expect(readFileSync(join(s3.folder, 'models', 'of team', 'default', id, 'weights', 'big.bin')).equals(large)).toBe(true)
  const back = Buffer.from(await (await fetch(`${files}/weights/big.bin`)).arrayBuffer())
  expect(createHash('sha256').update(back).digest('hex')).toBe(createHash('sha256').update(large).digest('hex'))
  const part = await fetch(`${files}/weights/big.bin`, { headers: { range: 'bytes=6000000-6000009' } })
  expect([part.status, Buffer.from(await part.arrayBuffer()).equals(large.subarray(6_000_000, 6_000_010))]).toEqual([206, true])
  const listed = await fetch(`${url}${api}/mlflow/artifacts/list?run_id=${id}&path=weights`)
  expect(await listed.json()).toMatchObject({
    files: [
      { path: 'weights/big.bin', is_dir: false, file_size: 12 * MiB },
      { path: 'weights/né 1%.txt', is_dir: false, file_size: 4 },
    ],
  })
  expect((await fetch(`${files}/weights/none`)).status).toBe(404)
  expect((await fetch(`${files}/weights/big.bin`, { method: 'DELETE' })).status).toBe(200)
  expect((await fetch(`${files}/weights/big.bin`)).status).toBe(404)
  expect(kept().filter((key) => key.includes(id))).toEqual([`of team/default/${id}/weights/né 1%.txt`])
})

it('takes large files in parts', async () => {
  const { files } = await newRun()
  const address = new URL(files).pathname.replace('/artifacts/', '/mpu/create/')
  const parts = [randomBytes(5 * MiB), randomBytes(5 * MiB), randomBytes(7)]
  const begun = await post<{ upload_id: string; credentials: { url: string; part_number: number }[] }>(address, {
    path: 'big.bin',
    num_parts: parts.length,
  })
  const named = []
  for (const { url: to, part_number } of begun.credentials) {
    const { headers } = await fetch(to, { method: 'PUT', body: parts[part_number - 1]! })
    named.push({ part_number, etag: headers.get('etag')! })
  }
  await post(address.replace('/create/', '/complete/'), { path: 'big.bin', upload_id: begun.upload_id, parts: named })
  const back = Buffer.from(await (await fetch(`${files}/big.bin`)).arrayBuffer())
  expect(back.equals(Buffer.concat(parts))).toBe(true)
})

it('shows files of runs that the command line made, and the command line shows those of clients', async () => {
  workshop.write(
    'train.mjs',
    "export const train = (context) => context.logArtifact('note', { body: 'hello', localPath: 'note.txt' })\n",
  )
  const run = await workshop.json('run', 'train.mjs', '--handler', 'train', '--out-path', 's3://models/elsewhere')
  expect(run.state).toBe('completed')
  const listed = await fetch(`${url}${api}/mlflow/artifacts/list?run_id=${run.id}`)
  const { files } = (await listed.json()) as { files: { path: string }[] }
  expect(files.map(({ path }) => path)).toContain('note.txt')
  const { id, files: place } = await newRun()
  await fetch(`${place}/report.html`, { method: 'PUT', body: '<p>hi' })
  const { artifacts } = await workshop.json<{ artifacts: { key: string; target: string }[] }>('show', id)
  expect(artifacts.map(({ target }) => target)).toEqual([`s3://models/of team/default/${id}/report.html`])
  const got = await workshop.run('artifacts', 'get', `${id}/${artifacts[0]!.key}`, 'copy.html')
  expect([got.code, readFileSync(join(workshop.folder, 'copy.html'), 'utf8')]).toMatchObject([0, '<p>hi'])
})

it('says so when the bucket is away, and answers everything else', async () => {
  const { id, files } = await newRun()
  await s3.stop()
  const away = await fetch(`${files}/a.txt`, { method: 'PUT', body: 'a' })
  expect([away.status, (await away.json()) as object]).toMatchObject([503, { error_code: 'TEMPORARILY_UNAVAILABLE' }])
  expect((await fetch(`${url}${api}/mlflow/runs/get?run_id=${id}`)).status).toBe(200)
})
