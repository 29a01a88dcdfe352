import { type Static, type TObject, type TSchema, Type } from 'typebox'

/** What travels beside JSON. */
export const byteTypes = {
  bytes: 'application/octet-stream',
  events: 'text/event-stream',
  text: 'text/plain',
} as const
export type ByteType = keyof typeof byteTypes

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** One thing the native interface can do, as it travels: server, OpenAPI document, reference page and client come from these rows. */
export interface OperationSpec<
  Path extends string = string,
  Query extends TObject = TObject,
  Body extends TSchema = TSchema,
  Answer extends TSchema = TSchema,
  Verb extends Method = Method,
> {
  readonly method: Verb
  /** Behind the prefix; `{name}` stands for one part, percent-encoded. */
  readonly path: Path
  /** Heading it stands under in the reference. */
  readonly area: string
  readonly summary: string
  readonly query: Query
  readonly body: Body | undefined
  readonly answer: Answer
  /** The body is bytes as they are, not JSON. */
  readonly bodyBytes?: ByteType
  /** The answer is bytes as they are, not JSON. */
  readonly answerBytes?: ByteType
  /** Changes nothing, though its method is not GET: what it asks for is too long for an address. No `Idempotency-Key` is needed. */
  readonly isRead?: true
}

/** Objects refuse fields they do not know: a misspelt name must not be passed over. */
export const closed = <Properties extends Record<string, TSchema>>(properties: Properties) =>
  Type.Object(properties, { additionalProperties: false })

const noQuery = closed({})
type NoQuery = typeof noQuery
const nothing = Type.Object({})
export type Nothing = typeof nothing
/** The schema of an answer that is no JSON. */
export const bytes = Type.Unsafe<'(bytes)'>({})

interface SpecParts<
  Path extends string,
  Query extends TObject,
  Body extends TSchema,
  Answer extends TSchema,
  Verb extends Method,
> {
  method: Verb
  path: Path
  summary: string
  query?: Query
  body?: Body
  answer?: Answer
  bodyBytes?: ByteType
  answerBytes?: ByteType
  isRead?: true
}

/** Makes the rows of one area. */
export const area =
  (name: string) =>
  <
    const Path extends string,
    Query extends TObject = NoQuery,
    Body extends TSchema = Nothing,
    Answer extends TSchema = Nothing,
    const Verb extends Method = Method,
  >(
    parts: SpecParts<Path, Query, Body, Answer, Verb>,
  ): OperationSpec<Path, Query, Body, Answer, Verb> => {
    const { query = noQuery, body, answer = nothing, ...rest } = parts
    return { ...rest, area: name, query: query as Query, body, answer: answer as Answer }
  }

/** Names between braces. */
export type PathNames<Path extends string> = Path extends `${string}{${infer Name}}${infer Rest}` ? Name | PathNames<Rest> : never

/** What a request of this row says. */
export interface RequestOf<Spec extends OperationSpec> {
  readonly path: Readonly<Record<PathNames<Spec['path']>, string>>
  readonly query: Static<Spec['query']>
  readonly body: Spec['body'] extends TSchema | undefined ? Static<NonNullable<Spec['body']>> : undefined
}
/** Of an operation whose answer is bytes: `'(bytes)'`. */
export type AnswerOf<Spec extends OperationSpec> = Static<Spec['answer']>
