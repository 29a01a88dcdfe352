import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import fc from 'fast-check'
import { openServer, type OpenServer } from '../testing/open-server.ts'

let server: OpenServer
beforeAll(async () => {
  server = await openServer()
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
})

const api = '/api/3.0/mlflow/traces'
const info = (id: string, fields: object = {}) => ({
  trace: {
    trace_info: {
      trace_id: id,
      trace_location: { type: 'MLFLOW_EXPERIMENT', mlflow_experiment: { experiment_id: '0' } },
      request_time: '2025-01-01T00:00:00.250Z',
      execution_duration: '1.5s',
      state: 'OK',
      ...fields,
    },
  },
})

const otlpSpan = (fields: object = {}) => ({
  resourceSpans: [
    {
      scopeSpans: [
        {
          spans: [
            {
              traceId: '00000000000000000000000000000abc',
              spanId: '000000000000000a',
              name: 'n',
              startTimeUnixNano: '1700000000000000001',
              endTimeUnixNano: '1700000000000000009',
              ...fields,
            },
          ],
        },
      ],
    },
  ],
})

describe('traces over the wire', () => {
  it('come back as they were told, with where their files go', async () => {
    const { json } = await server.ask('POST', api, info('tr-1', { tags: { a: 'b' }, trace_metadata: { m: 'n' } }))
    expect(json['trace']).toEqual({
      trace_info: {
        trace_id: 'tr-1',
        trace_location: { type: 'MLFLOW_EXPERIMENT', mlflow_experiment: { experiment_id: '0' } },
        request_time: '2025-01-01T00:00:00.250Z',
        execution_duration: '1.500s',
        state: 'OK',
        trace_metadata: { m: 'n' },
        tags: { a: 'b', 'mlflow.artifactLocation': 'mlflow-artifacts:/0/traces/tr-1/artifacts' },
      },
    })
    expect((await server.ask('GET', `${api}/tr-1`)).json).toEqual(json)
    expect((await server.ask('GET', `/api/2.0/mlflow/traces/tr-1/info`)).json['trace_info']).toMatchObject({
      request_id: 'tr-1',
      timestamp_ms: 1_735_689_600_250,
      execution_time_ms: 1_500,
      status: 'OK',
    })
  })

  it('say once that their spans are stored here', async () => {
    const headers = { 'x-mlflow-experiment-id': '0', 'content-type': 'application/json', 'content-encoding': 'gzip' }
    const answer = await server.app.inject({
      method: 'POST',
      url: '/v1/traces',
      headers: { ...headers, host: 'localhost' },
      payload: gzipSync(JSON.stringify(otlpSpan())),
    })
    expect([answer.statusCode, answer.body]).toEqual([200, '{"partialSuccess":{}}'])
    const { json } = await server.ask('GET', `${api}/get`, { trace_id: 'tr-00000000000000000000000000000abc' })
    expect(json['trace']).toMatchObject({
      trace_info: { state: 'OK', tags: { 'mlflow.traceName': 'n', 'mlflow.trace.spansLocation': 'TRACKING_STORE' } },
      spans: [{ span_id: 'AAAAAAAAAAo=', start_time_unix_nano: '1700000000000000001', parent_span_id: '' }],
    })
  })

  it.each([
    ['POST', api, {}, 400, "Missing value for required parameter 'trace'"],
    ['POST', api, info('../x'), 400, 'is no id of a trace'],
    ['POST', api, info('tr-2', { request_time: 'yesterday' }), 400, 'a moment such as'],
    ['POST', api, info('tr-2', { execution_duration: '5' }), 400, 'a duration such as'],
    ['POST', api, info('tr-2', { tags: { '': 'x' } }), 400, 'no usable name'],
    ['GET', `${api}/tr-none`, {}, 404, "Trace with ID 'tr-none' not found."],
    ['GET', `${api}/get`, { trace_id: 'tr-none' }, 404, 'Trace with ID tr-none is not found.'],
    ['GET', `${api}/get`, {}, 400, "Missing value for required parameter 'trace_id'"],
    ['POST', `${api}/search`, {}, 400, "Missing value for required parameter 'locations'"],
    ['POST', `${api}/search`, { locations: [], max_results: 501 }, 400, 'at most 500'],
    ['POST', `${api}/search`, { locations: [], page_token: 'nonsense' }, 400, 'ask for the first page again'],
    ['POST', `${api}/delete-traces`, { experiment_id: '0', max_timestamp_millis: 1, max_traces: 0 }, 400, '`max_traces`'],
    [
      'POST',
      `${api}/link-to-run`,
      { trace_ids: Array.from({ length: 101 }, String), run_id: 'x' },
      400,
      'Cannot link more than 100',
    ],
    ['PATCH', `${api}/tr-1/tags`, { key: 'mlflow.artifactLocation', value: 'x' }, 400, 'is immutable'],
    ['DELETE', `${api}/tr-1/tags`, { key: 'none' }, 404, "No trace tag with key 'none'"],
    ['POST', `${api}/tr-1/assessments`, { assessment: { assessment_name: 'a' } }, 400, 'Unknown assessment type'],
    [
      'POST',
      `${api}/tr-none/assessments`,
      { assessment: { assessment_name: 'a', feedback: { value: 1 } } },
      404,
      "'tr-none' not found",
    ],
    [
      'PATCH',
      `${api}/tr-1/assessments/a-none`,
      { assessment: {}, update_mask: 'rationale' },
      404,
      "'a-none' not found for trace",
    ],
    ['PATCH', `${api}/tr-1/assessments/a-none`, { assessment: {}, update_mask: 'colour' }, 400, 'update_mask'],
  ] as const)('%s %s with %j is answered with a reason', async (method, url, given, status, sentence) => {
    const answer = await server.ask(method, url, given)
    expect(answer.json['message']).toContain(sentence)
    expect(answer.status).toBe(status)
  })
})

describe('whatever is sent', () => {
  const headers = { 'x-mlflow-experiment-id': '0', host: 'localhost' }

  it('is no reason for a defect: bytes as spans', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        const { statusCode } = await server.app.inject({
          method: 'POST',
          url: '/v1/traces',
          headers: { ...headers, 'content-type': 'application/x-protobuf' },
          payload: Buffer.from(bytes),
        })
        expect(statusCode).toBeLessThan(500)
      }),
      { numRuns: 300 },
    )
  })

  it('is no reason for a defect: JSON as spans', async () => {
    const odd = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constantFrom('0'.repeat(32), '-1', '99999999999999999999', 1e300))
    const names = ['traceId', 'spanId', 'parentSpanId', 'name', 'startTimeUnixNano', 'attributes', 'events', 'links', 'status']
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.constantFrom(...names), odd), async (fields) => {
        const { statusCode } = await server.app.inject({
          method: 'POST',
          url: '/v1/traces',
          headers: { ...headers, 'content-type': 'application/json' },
          payload: JSON.stringify(otlpSpan(fields)),
        })
        expect(statusCode).toBeLessThan(500)
      }),
      { numRuns: 300 },
    )
  })

  it('is no reason for a defect: filters', async () => {
    const words =
      "name|status|timestamp|tags.|tags.a|span.|span.attributes.|span.content|feedback.x|`|'|\"|=|!=|<|LIKE|RLIKE|IN|(|)|IS NULL|AND|,|5|-1e9|'%'|'a'|'['|$|\0|😀"
    const word = fc.constantFrom(...words.split('|'))
    await fc.assert(
      fc.asyncProperty(fc.array(word, { maxLength: 8 }), async (parts) => {
        const body = { locations: info('x').trace.trace_info.trace_location, filter: parts.join(' ') }
        const answer = await server.ask('POST', `${api}/search`, { ...body, locations: [body.locations] })
        expect([200, 400]).toContain(answer.status)
      }),
      { numRuns: 500 },
    )
  })
})
