import { AppError } from '@trainyard/contract'
import {
  type AnswerOf,
  nativeOperations,
  type NativeOperations,
  type OperationId,
  type OperationSpec,
  type RequestOf,
} from '@trainyard/contract/native-api'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { TObject, TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import type { JsonText } from '../json-text.ts'
import type { Caller, NativeContext } from './context.ts'

/** Operations whose answer is bytes; the others answer JSON. */
type ByteOperation = { [Id in OperationId]: AnswerOf<NativeOperations[Id]> extends '(bytes)' ? Id : never }[OperationId]

export type CallOf<Id extends OperationId> = RequestOf<NativeOperations[Id]> & {
  readonly caller: Caller
  /** Aborted when who asks has gone away, or the server stops. */
  readonly signal: AbortSignal
  readonly raw: FastifyRequest
}

type JsonHandler<Id extends OperationId> = (
  context: NativeContext,
  call: CallOf<Id>,
) => Promise<AnswerOf<NativeOperations[Id]> | JsonText>
type ByteHandler<Id extends OperationId> = (
  context: NativeContext,
  call: CallOf<Id>,
  reply: FastifyReply,
) => Promise<FastifyReply>

/** What each operation of the contract does. */
export type Handlers = { readonly [Id in OperationId]: HandlerOf<Id> }
type HandlerOf<Id extends OperationId> = Id extends ByteOperation ? ByteHandler<Id> : JsonHandler<Id>
/** A part of the table: those of one area. */
export type SomeHandlers<Ids extends OperationId> = Pick<Handlers, Ids>

/** An operation with its checks, made when it is first used: sixty of them would cost 100 ms at the start. */
export interface BoundOperation {
  readonly id: OperationId
  readonly spec: OperationSpec
  /** Reads what was sent, or refuses it by the name of the field. */
  read(request: FastifyRequest): { path: Record<string, string>; query: unknown; body: unknown }
}

export function bindOperations(): BoundOperation[] {
  return (Object.keys(nativeOperations) as OperationId[]).map((id) => {
    const spec: OperationSpec = nativeOperations[id]
    const query = lazyCheck(spec.query)
    const body = spec.body && lazyCheck(spec.body)
    return {
      id,
      spec,
      read: (request) => ({
        path: request.params as Record<string, string>,
        query: checked(query(), readQuery(spec.query, request.query), 'The query'),
        body: body ? checked(body(), request.body ?? {}, 'The body') : undefined,
      }),
    }
  })
}

interface Check {
  Check(value: unknown): boolean
  Errors(value: unknown): { instancePath: string; message: string }[]
}

function lazyCheck(schema: TSchema): () => Check {
  let made: Check | undefined
  return () => (made ??= Compile(schema))
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
    const type = Object.hasOwn(properties, name) ? properties[name]?.type : undefined
    if (type === 'array') return [name, Array.isArray(value) ? value : [value]]
    if (typeof value !== 'string') return [name, value]
    if ((type === 'integer' || type === 'number') && /^-?\d+(?:\.\d+)?$/.test(value)) return [name, Number(value)]
    if (type === 'boolean' && (value === 'true' || value === 'false')) return [name, value === 'true']
    return [name, value]
  })
  return Object.fromEntries(entries)
}
