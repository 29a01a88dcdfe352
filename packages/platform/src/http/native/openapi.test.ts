import { nativeOperations, type OperationId, type OperationSpec } from '@trainyard/contract/native-api'
import { Validator } from '@seriousme/openapi-schema-validator'
import * as fc from 'fast-check'
import type { TSchema } from 'typebox'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type OpenServer, openServer, reportRun } from '../testing/open-server.ts'
import { valuesOf } from '../testing/schema-values.ts'

const root = '/api/trainyard/v1'
let server: OpenServer
let id: string
beforeAll(async () => {
  server = await openServer()
  id = await reportRun(server.tracking)
})
afterAll(() => server[Symbol.asyncDispose]())

const specs: [OperationId, OperationSpec][] = (Object.keys(nativeOperations) as OperationId[]).map((name) => [
  name,
  nativeOperations[name],
])
/** Those without an end, or that wait for what never comes. */
const askable = specs.filter(([, { answerBytes }]) => answerBytes !== 'events')

describe('the document', () => {
  test('tells every operation, each under a name and an address of its own', async () => {
    const { json, status } = await server.ask('GET', `${root}/openapi.json`)
    expect(status).toBe(200)
    const document = json as unknown as { openapi: string; paths: Record<string, Record<string, { operationId: string }>> }
    expect(document.openapi).toBe('3.1.0')
    const told = Object.values(document.paths).flatMap((methods) => Object.values(methods).map(({ operationId }) => operationId))
    expect(told.toSorted()).toEqual(specs.map(([name]) => name).toSorted())
  })
})

test('the document is valid OpenAPI 3.1', async () => {
  const { json } = await server.ask('GET', `${root}/openapi.json`)
  const validator = new Validator()
  expect(await validator.validate(json)).toEqual({ valid: true })
  expect(validator.version).toBe('3.1')
})

/** A request as the document allows it, or with something odd in its place. */
const odd = fc.oneof(fc.constantFrom('', '0', '..', '%2e%2e', 'latest', "state = 'x'", '1e9', '-1', '\0', '😀'), fc.string())
const requests = fc.constantFrom(...askable).chain(([name, spec]) =>
  fc.record({
    name: fc.constant(name),
    spec: fc.constant(spec),
    part: fc.oneof({ weight: 3, arbitrary: fc.constant(id ?? '') }, { weight: 1, arbitrary: odd }),
    query: fc.oneof(
      { weight: 4, arbitrary: valuesOf(spec.query as TSchema) },
      { weight: 1, arbitrary: fc.dictionary(fc.string(), odd) },
    ),
    body: fc.oneof(
      { weight: 4, arbitrary: spec.body ? valuesOf(spec.body) : fc.constant({}) },
      { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 3 }) },
    ),
  }),
)

describe('whatever is sent', () => {
  test('is answered, never with 5xx, and refusals have a code and a sentence', async () => {
    await fc.assert(
      fc.asyncProperty(requests, async ({ name, spec, part, query, body }) => {
        const path = spec.path.replaceAll(/\{\w+\}/g, () => encodeURIComponent(part === '' ? id : part))
        const pairs = Object.entries(query as Record<string, unknown>)
          .flatMap(([key, value]): [string, string][] =>
            (Array.isArray(value) ? value : [value]).map((one) => [key, String(one)]),
          )
          .filter(([, value]) => value !== 'undefined')
          // Waiting is another test's matter.
          .filter(([key]) => key !== 'waitMs')
        const waits = typeof body === 'object' && body !== null && 'waitMs' in body
        const written = spec.bodyBytes ? String(body) : JSON.stringify(waits ? { ...body, waitMs: 0 } : body)
        const answer = await server.app.inject({
          method: spec.method,
          url: `${root}${path}?${new URLSearchParams(pairs).toString()}`,
          headers: {
            host: 'localhost',
            ...(spec.method === 'GET'
              ? {}
              : { 'content-type': spec.bodyBytes ? 'application/octet-stream' : 'application/json' }),
          },
          ...(spec.method === 'GET' ? {} : { payload: written }),
        })
        expect(answer.statusCode, `${name} ${path} ${written} ${answer.body}`).toBeLessThan(500)
        if (answer.statusCode < 400 || answer.statusCode === 416 || !/json/.test(String(answer.headers['content-type']))) return
        const { error } = answer.json<{ error: { code: string; message: string } }>()
        expect(error.message, `${name} ${path}`).toMatch(/^\S[^]{8,}$/)
      }),
      { numRuns: Number(process.env['TRAINYARD_FUZZ_RUNS'] ?? 600) },
    )
  }, 240_000)
})
