import { AppError } from '@trainyard/contract'
import { type Static, type TObject, type TSchema, Type } from 'typebox'
import { Compile } from 'typebox/compile'
import type { Clock } from '../../base/clock.ts'
import type { Tracking } from '../../tracking/index.ts'

export interface NativeContext {
  readonly tracking: Tracking
  readonly clock: Clock
}

/** One thing the native interface can do: the router, the checks and the OpenAPI document all come from this row. */
export interface Operation {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  /** Behind the prefix; `{name}` stands for a part of the path. */
  readonly path: string
  readonly id: string
  readonly summary: string
  readonly query: TObject
  readonly body: TSchema | undefined
  readonly answer: TSchema
  run(context: NativeContext, request: { path: Record<string, string>; query: unknown; body: unknown }): Promise<unknown>
}

interface OperationParts<Query extends TObject, Body extends TSchema> {
  method: Operation['method']
  path: string
  id: string
  summary: string
  query?: Query
  body?: Body
  answer: TSchema
  run(
    context: NativeContext,
    request: { path: Record<string, string>; query: Static<Query>; body: Static<Body> },
  ): Promise<unknown>
}

export function operation<Query extends TObject, Body extends TSchema>(parts: OperationParts<Query, Body>): Operation {
  const query = parts.query ?? Type.Object({}, { additionalProperties: false })
  const checkQuery = Compile(query)
  const checkBody = parts.body && Compile(parts.body)
  return {
    ...parts,
    query,
    body: parts.body,
    run: (context, request) =>
      parts.run(context, {
        path: request.path,
        query: checked(checkQuery, readQuery(query, request.query), 'The query') as Static<Query>,
        body: (checkBody ? checked(checkBody, request.body ?? {}, 'The body') : undefined) as Static<Body>,
      }),
  }
}

interface Check {
  Check(value: unknown): boolean
  Errors(value: unknown): { instancePath: string; message: string }[]
}

function checked(check: Check, value: unknown, what: string): unknown {
  if (check.Check(value)) return value
  const problem = check.Errors(value)[0]
  const field = (problem?.instancePath ?? '').replaceAll('/', '.').replace(/^\./, '')
  throw new AppError('invalid_argument', `${what}${field === '' ? '' : `: ${field}`} ${problem?.message ?? 'does not fit'}.`, {
    details: { field },
  })
}

/** Texts of an address as the types the schema names; what does not read as one stays a text and is refused by the check. */
function readQuery(schema: TObject, written: unknown): Record<string, unknown> {
  const properties = schema.properties as Record<string, { type?: string }>
  const entries = Object.entries(written as Record<string, unknown>).map(([name, value]): [string, unknown] => {
    const type = properties[name]?.type
    if (type === 'array') return [name, Array.isArray(value) ? value : [value]]
    if (typeof value !== 'string') return [name, value]
    if ((type === 'integer' || type === 'number') && /^-?\d+(?:\.\d+)?$/.test(value)) return [name, Number(value)]
    if (type === 'boolean' && (value === 'true' || value === 'false')) return [name, value === 'true']
    return [name, value]
  })
  return Object.fromEntries(entries)
}
