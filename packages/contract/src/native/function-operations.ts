import { type Static, Type } from 'typebox'
import { FunctionSchema, type FunctionSpec } from '../function.ts'
import type { JsonObject } from '../json.ts'
import { TaskSchema } from '../task.ts'
import { cursor, limit } from './run-operations.ts'
import { area, closed } from './operation.ts'
import { count, integer, jsonValue, next, nullable, run, texts, timeMs } from './schemas.ts'

const functions = area('Functions')

const project = Type.String({ description: 'The project the function is in.' })
const tag = Type.Optional(Type.String({ maxLength: 255, description: 'Wins over the hash; latest without either.' }))
const hash = Type.Optional(
  Type.String({ maxLength: 300, description: 'Of the content: 40 digits, or the first eight and more.' }),
)
const document = Type.Unsafe<JsonObject>({ type: 'object', description: 'kind, metadata and spec, as in function.yaml.' })

/** One version of a function as the interface tells it. */
export const functionVersion = Type.Object({
  project: Type.String(),
  name: Type.String(),
  kind: Type.String(),
  hash: Type.String({ description: 'Of the content: 40 hex digits.' }),
  isVersioned: Type.Boolean({ description: 'False where each save replaces the one before.' }),
  tags: Type.Array(Type.String()),
  reference: Type.String({ description: 'db://project/name@hash' }),
  spec: Type.Unsafe<FunctionSpec>({ type: 'object', description: 'What it is and how it runs.' }),
  document,
  status: nullable(Type.Unsafe<JsonObject>({ type: 'object' })),
  createdAtMs: timeMs,
  updatedAtMs: timeMs,
})

export type FunctionVersion = Static<typeof functionVersion>

const difference = Type.Object({
  fields: Type.Array(Type.Object({ path: Type.String(), before: jsonValue, after: jsonValue })),
  code: Type.Array(Type.Object({ kind: Type.Enum([' ', '-', '+']), text: Type.String(), line: count })),
})

const build = Type.Object({
  reference: Type.String(),
  isRunning: Type.Boolean({ description: 'This server is at it.' }),
  state: nullable(Type.String({ description: 'building, ready or error; null: never built.' })),
  reason: nullable(Type.String({ description: 'Why it failed.' })),
  build: nullable(Type.Unsafe<JsonObject>({ type: 'object', description: 'What was built last.' })),
  log: Type.String({ description: 'Whole lines.' }),
  offset: integer({ minimum: 0, description: 'The byte to ask from next.' }),
})

export const functionOperations = {
  listFunctions: functions({
    method: 'GET',
    path: '/functions',
    summary: 'Functions of a project, newest first: one row for each name, or for each version and tag',
    query: closed({
      project: Type.Optional(project),
      name: Type.Optional(Type.String({ maxLength: 500, description: 'Exactly, or behind ~ a part of it, whatever the case.' })),
      tag: Type.Optional(Type.String({ maxLength: 255, description: 'A tag, or * for every one.' })),
      versions: Type.Optional(Type.Boolean({ description: 'All versions, not the newest of each name.' })),
      label: Type.Optional(Type.Array(Type.String(), { maxItems: 50, description: 'key, key=value or key!=value.' })),
      kind: Type.Optional(Type.Array(Type.String(), { maxItems: 50 })),
      state: Type.Optional(Type.Array(Type.String(), { maxItems: 50 })),
      category: Type.Optional(Type.String()),
      sinceMs: Type.Optional(timeMs),
      untilMs: Type.Optional(timeMs),
      limit,
      cursor,
    }),
    answer: Type.Object({ functions: Type.Array(functionVersion), next }),
  }),
  saveFunction: functions({
    method: 'POST',
    path: '/functions',
    summary: 'Keep a function: another version where anything has changed, the known one where nothing has',
    body: closed({
      project,
      spec: Type.Optional(FunctionSchema),
      document: Type.Optional(document),
      tags: Type.Optional(Type.Array(Type.String(), { maxItems: 50, description: 'latest unless said.' })),
      versioned: Type.Optional(Type.Boolean({ description: 'False: what the tag leads to is replaced.' })),
      expected: Type.Optional(
        nullable(Type.String({ description: 'The hash that the first tag must lead to; null: none. Else 409.' })),
      ),
    }),
    answer: functionVersion,
  }),
  getFunction: functions({
    method: 'GET',
    path: '/functions/{name}',
    summary: 'One version of a function',
    query: closed({ project, tag, hash }),
    answer: functionVersion,
  }),
  deleteFunction: functions({
    method: 'DELETE',
    path: '/functions/{name}',
    summary: 'Delete a function, or one version of it. A repeat changes nothing',
    query: closed({ project, tag, hash }),
    answer: Type.Object({ deleted: count }),
  }),
  getFunctionHistory: functions({
    method: 'GET',
    path: '/functions/{name}/history',
    summary: 'What its tags led to, newest first',
    query: closed({ project }),
    answer: Type.Object({
      moves: Type.Array(
        Type.Object({
          tag: Type.String(),
          before: nullable(Type.String()),
          after: nullable(Type.String()),
          atMs: timeMs,
          by: Type.String(),
        }),
      ),
    }),
  }),
  compareFunctions: functions({
    method: 'POST',
    path: '/functions/{name}/compare',
    isRead: true,
    summary: 'What differs between two versions: fields, and lines of the code',
    body: closed({ project, before: closed({ tag, hash }), after: closed({ tag, hash }) }),
    answer: difference,
  }),
  tagFunction: functions({
    method: 'PUT',
    path: '/functions/{name}/tags/{tag}',
    summary: 'Let a tag lead to a version',
    body: closed({ project, tag, hash }),
    answer: functionVersion,
  }),
  untagFunction: functions({
    method: 'DELETE',
    path: '/functions/{name}/tags/{tag}',
    summary: 'Take a tag away; the version stays',
    query: closed({ project }),
    answer: Type.Object({ removed: Type.Boolean() }),
  }),
  runFunction: functions({
    method: 'POST',
    path: '/functions/{name}/runs',
    summary: 'Queue a run of a version of a function. Its code must be in it, in a repository or in an archive at an address',
    body: closed({
      project,
      tag,
      hash,
      task: Type.Optional(TaskSchema),
      parameterTexts: Type.Optional(texts),
      secrets: Type.Optional(texts),
      commandLine: Type.Optional(Type.Array(Type.String())),
    }),
    answer: Type.Object({ run }),
  }),
  buildFunction: functions({
    method: 'POST',
    path: '/functions/{name}/build',
    summary:
      'Begin to build what a version needs on the server: its environment, or an image. One that is under way is not begun again',
    body: closed({
      project,
      tag,
      hash,
      what: Type.Optional(
        Type.Enum(['auto', 'image', 'environment'], {
          description: 'auto, unless said: an image where the server has an engine and the function a base image.',
        }),
      ),
      engine: Type.Optional(Type.Enum(['buildah', 'podman', 'docker'])),
      image: Type.Optional(Type.String({ maxLength: 500, description: 'Its name: registry/name:tag.' })),
      push: Type.Optional(Type.Boolean()),
      secrets: Type.Optional(
        Type.Record(Type.String(), Type.String(), {
          description: 'Variables of the build; they stay in no layer, log or record.',
        }),
      ),
      force: Type.Optional(Type.Boolean({ description: 'Also when nothing has changed.' })),
    }),
    answer: build,
  }),
  getFunctionBuild: functions({
    method: 'GET',
    path: '/functions/{name}/build',
    summary: 'How the last build of a version stands, and its log from a byte on',
    query: closed({ project, tag, hash, offset: Type.Optional(count) }),
    answer: build,
  }),
}
