import { byteTypes, type OperationSpec, problem } from '@trainyard/contract/native-api'

/** The OpenAPI 3.1 document of a table of operations: TypeBox schemas are JSON Schema as they are. */
export function openApiOf(
  operations: Readonly<Record<string, OperationSpec>>,
  options: { prefix: string; version: string },
): object {
  const paths: Record<string, Record<string, object>> = {}
  for (const [id, spec] of Object.entries(operations)) {
    const path = (paths[`${options.prefix}${spec.path}`] ??= {})
    path[spec.method.toLowerCase()] = {
      operationId: id,
      tags: [spec.area],
      summary: spec.summary,
      parameters: [...pathParameters(spec), ...queryParameters(spec), ...headers(spec)],
      ...requestBody(spec),
      responses: {
        ...answers(spec),
        default: { description: 'What was wrong.', content: { 'application/json': { schema: ref } } },
      },
    }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Trainyard',
      version: options.version,
      description:
        'Errors are one sentence each. Numbers that JSON does not have are written as "NaN", "Infinity" and "-Infinity". Pages: give `next` back as `cursor`.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    security: [{}, { bearer: [] }, { basic: [] }],
    tags: Array.from(new Set(Object.values(operations).map(({ area }) => area)), (name) => ({ name })),
    paths,
    components: {
      schemas: { Problem: problem },
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer' }, basic: { type: 'http', scheme: 'basic' } },
    },
  }
}

const ref = { $ref: '#/components/schemas/Problem' }

const pathParameters = (spec: OperationSpec): object[] =>
  Array.from(spec.path.matchAll(/\{(\w+)\}/g), ([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }))

function queryParameters(spec: OperationSpec): object[] {
  const required = new Set<string>(spec.query.required ?? [])
  return Object.entries(spec.query.properties).map(([name, schema]) => ({
    name,
    in: 'query',
    required: required.has(name),
    schema,
  }))
}

function headers(spec: OperationSpec): object[] {
  if (spec.answerBytes === 'events')
    return [{ name: 'Last-Event-ID', in: 'header', schema: { type: 'string' }, description: 'Go on behind this event.' }]
  if (spec.method === 'GET') return []
  return [
    {
      name: 'Idempotency-Key',
      in: 'header',
      schema: { type: 'string', maxLength: 200 },
      description: 'A repeat with the same key gets the same answer and changes nothing, for a day.',
    },
  ]
}

function requestBody(spec: OperationSpec): object {
  if (spec.bodyBytes) return { requestBody: { required: true, content: { [byteTypes[spec.bodyBytes]]: {} } } }
  return spec.body ? { requestBody: { required: true, content: { 'application/json': { schema: spec.body } } } } : {}
}

function answers(spec: OperationSpec): object {
  if (!spec.answerBytes) return { '200': { description: 'Done.', content: { 'application/json': { schema: spec.answer } } } }
  const content = { [byteTypes[spec.answerBytes]]: {} }
  if (spec.answerBytes === 'events' || spec.method !== 'GET') return { '200': { description: 'The bytes.', content } }
  return { '200': { description: 'The bytes.', content }, '206': { description: 'The range asked for.', content } }
}
