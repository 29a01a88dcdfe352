import { nativeOperations, nativePrefix } from '@trainyard/contract/native-api'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { allRoutes } from './mlrun/dialect.ts'
import { openServer, type OpenServer } from './testing/open-server.ts'

/** What databases, patterns and JSON paths take amiss in one place or another. */
const oddTexts = [
  'a\0b',
  '\0',
  '~\0',
  'k=\0',
  '\ud800',
  '%',
  '_\\',
  '~\\',
  "'",
  '"',
  '$.a',
  '\ufffd',
  'x'.repeat(3_000),
  '99999999999999999999',
  '-1',
  '[',
  '(?<',
]

const escaped = (text: string): string => encodeURIComponent(text.toWellFormed())

interface Asked {
  method: 'GET' | 'POST'
  url: string
  body?: object
}

/** One odd text after the other: a round of all addresses with each would take minutes. */
type Texts = () => string

/** An address with an odd text in its parts, and in each field of its query. */
function* addresses(path: string, parts: RegExp, fields: readonly string[], next: Texts): Generator<Asked> {
  if (path.search(parts) >= 0) yield { method: 'GET', url: path.replaceAll(parts, () => escaped(next())) }
  const plain = path.replaceAll(parts, 'p')
  for (const field of fields) yield { method: 'GET', url: `${plain}?${field}=${escaped(next())}` }
}

function* nativeAddresses(next: Texts): Generator<Asked> {
  for (const { method, path, query, answerBytes } of Object.values(nativeOperations))
    // A stream of events has no end to wait for.
    if (method === 'GET' && answerBytes !== 'events')
      yield* addresses(`${nativePrefix}${path}`, /\{\w+\}/g, Object.keys(query.properties), next)
}

const mlrunFields = (
  'name tag label state uid kind category tree iter owner since format hash_key sort partition_by page_size page_token ' +
  'producer_uri object_uid limit offset entity feature'
).split(' ')

function* mlrunAddresses(next: Texts): Generator<Asked> {
  for (const { method, path, version } of allRoutes)
    if (method === 'GET') yield* addresses(`/api/${version ?? 'v1'}/${path}`, /:\w+/g, mlrunFields, next)
}

/** Searches that say what they look for in a body or an address. */
function* mlflowSearches(text: string): Generator<Asked> {
  const quoted = `'${text.replaceAll("'", "''")}'`
  const filters = [
    `name = ${quoted}`,
    `name LIKE ${quoted}`,
    `name ILIKE ${quoted}`,
    `tags.a = ${quoted}`,
    `tags.\`${text}\` = 'a'`,
    text,
  ]
  const more = [`params.a LIKE ${quoted}`, `attributes.run_name ILIKE ${quoted}`, `request_metadata.a = ${quoted}`]
  for (const filter of [...filters, ...more]) {
    yield { method: 'POST', url: '/api/2.0/mlflow/runs/search', body: { experiment_ids: ['0'], filter } }
    yield { method: 'POST', url: '/api/2.0/mlflow/experiments/search', body: { filter, max_results: 10 } }
    yield { method: 'POST', url: '/api/2.0/mlflow/logged-models/search', body: { experiment_ids: ['0'], filter } }
    yield { method: 'POST', url: '/api/3.0/mlflow/traces/search', body: { locations: [], filter } }
    for (const kind of ['registered-models', 'model-versions'])
      yield { method: 'GET', url: `/api/2.0/mlflow/${kind}/search?max_results=5&filter=${escaped(filter)}` }
  }
  const fields = [{ order_by: [text] }, { page_token: text }, { experiment_ids: [text] }, { run_view_type: text }]
  for (const field of fields)
    yield { method: 'POST', url: '/api/2.0/mlflow/runs/search', body: { experiment_ids: ['0'], ...field } }
  const named = [
    'runs/get?run_id',
    'experiments/get?experiment_id',
    'experiments/get-by-name?experiment_name',
    'artifacts/list?run_id',
  ]
  const models = ['registered-models/get?name', 'registered-models/alias?alias=a&name', 'model-versions/get?version=1&name']
  for (const start of [...named, ...models, 'metrics/get-history?metric_key=a&run_id'])
    yield { method: 'GET', url: `/api/2.0/mlflow/${start}=${escaped(text)}` }
}

async function filled(): Promise<OpenServer> {
  const server = await openServer()
  const { json } = await server.ask('POST', '/api/2.0/mlflow/runs/create', {
    experiment_id: '0',
    tags: [{ key: 'a', value: 'b' }],
  })
  expect(json).toHaveProperty('run')
  const document = {
    metadata: { name: 'r', uid: 'u1', project: 'p', labels: { l: 'v' } },
    spec: {},
    status: { state: 'completed' },
  }
  expect((await server.ask('POST', '/api/v1/run/p/u1', document)).status).toBe(200)
  await server.ask('POST', '/api/v1/projects/p/functions/f', { kind: 'job', metadata: { name: 'f' }, spec: {} })
  return server
}

async function defectsOf(server: OpenServer, asked: Iterable<Asked>): Promise<string[]> {
  const found: string[] = []
  for (const { method, url, body } of asked) {
    const { status, text } = await server.ask(method, url, body)
    if (status >= 500)
      found.push(`${method} ${url.slice(0, 160)} ${JSON.stringify(body ?? null).slice(0, 120)}: ${status} ${text}`)
  }
  return found
}

test('no search, name, filter or label that is asked for makes any dialect answer with a failure of its own', async () => {
  await using server = await filled()
  const random = fc.sample(fc.string({ unit: 'binary', minLength: 1, maxLength: 12 }), 20)
  const texts = [...oddTexts, ...random]
  let at = 0
  const next: Texts = () => texts[at++ % texts.length]!
  expect(await defectsOf(server, nativeAddresses(next))).toEqual([])
  expect(await defectsOf(server, mlrunAddresses(next))).toEqual([])
  for (const text of texts) expect(await defectsOf(server, mlflowSearches(text))).toEqual([])
})
