import type { Operation } from './operation.ts'
import { problem } from './schemas.ts'

/** The OpenAPI 3.1 document of a table of operations: TypeBox schemas are JSON Schema as they are. */
export function openApiOf(operations: readonly Operation[], options: { prefix: string; version: string }): object {
  const paths: Record<string, Record<string, object>> = {}
  for (const each of operations) {
    const named = Array.from(each.path.matchAll(/\{(\w+)\}/g), ([, name]) => ({
      name,
      in: 'path',
      required: true,
      schema: { type: 'string' },
    }))
    const required = new Set(each.query.required ?? [])
    const asked = Object.entries(each.query.properties).map(([name, schema]) => ({
      name,
      in: 'query',
      required: required.has(name),
      schema,
    }))
    const path = (paths[`${options.prefix}${each.path}`] ??= {})
    path[each.method.toLowerCase()] = {
      operationId: each.id,
      summary: each.summary,
      parameters: [...named, ...asked],
      ...(each.body ? { requestBody: { required: true, content: { 'application/json': { schema: each.body } } } } : {}),
      responses: {
        '200': { description: 'Done.', content: { 'application/json': { schema: each.answer } } },
        default: { description: 'What was wrong.', content: { 'application/json': { schema: problem } } },
      },
    }
  }
  return { openapi: '3.1.0', info: { title: 'Trainyard', version: options.version }, paths }
}
