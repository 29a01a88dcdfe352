import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { newRunId } from '@trainyard/contract'
import type { FastifyInstance } from 'fastify'
import { systemClock } from '../../base/clock.ts'
import { createSecretBox } from '../../base/secret-box.ts'
import { openDataDirectory } from '../../base/data-directory.ts'
import { openDatabase } from '../../database/index.ts'
import { createTestPlace } from '../../database/testing/test-place.ts'
import { createPlaces } from '../../objects/index.ts'
import { createRegistry, type Registry } from '../../registry/index.ts'
import { createNotifications } from '../../notifications/index.ts'
import { createProjectSecrets } from '../../secrets/index.ts'
import { createEvaluation } from '../../evaluation/index.ts'
import { createTraces, type Traces } from '../../traces/index.ts'
import type { SentPlaces } from '../../remote/index.ts'
import { createArtifactPlaces } from '../mlflow/artifact-places.ts'
import { createWebhooks } from '../../webhooks/index.ts'
import { createTracking, type Tracking } from '../../tracking/index.ts'
import type { GuardOptions } from '../guard.ts'
import { createDefinitions } from '../../definitions/index.ts'
import { createServer } from '../server.ts'

export interface Answer {
  status: number
  headers: Record<string, unknown>
  text: string
  /** The body as JSON; an empty object when it is none. */
  json: Record<string, never>
}

export interface OpenServer extends AsyncDisposable {
  readonly app: FastifyInstance
  readonly tracking: Tracking
  readonly registry: Registry
  /** What is sent of runs that work here to another server. */
  readonly sources: { tracking: Tracking; registry: Registry; traces: Traces; places: SentPlaces }
  readonly folder: string
  /** Where the records are, for others to open them too. */
  readonly place: string
  /** An object is sent as JSON, or as a query with GET; a text goes as it is. */
  ask(
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'HEAD',
    url: string,
    given?: object | string,
    headers?: Record<string, string>,
  ): Promise<Answer>
}

/** A server over a fresh data directory, and a fresh database or that of another server, asked without a socket. */
export async function openServer(
  { userName, ...guard }: Partial<GuardOptions> & { userName?: string } = {},
  of?: OpenServer,
): Promise<OpenServer> {
  const folder = await mkdtemp(join(tmpdir(), 'trainyard-http-'))
  const { place, remove } = of ? { place: of.place, remove: () => undefined } : await createTestPlace()
  const database = await openDatabase(place)
  const directory = openDataDirectory({ path: folder, chosenBy: 'flag' })
  const tracking = createTracking(database)
  const registry = createRegistry(database)
  const objectContext = { workingDirectory: folder, environment: {} }
  const traces = createTraces(database)
  const app = await createServer({
    tracking,
    registry,
    traces,
    evaluation: createEvaluation(database),
    webhooks: createWebhooks(database, {
      secrets: createSecretBox(join(folder, 'secret.key')),
      allowPrivate: true,
      clock: systemClock,
    }),
    notifications: createNotifications(database, { box: createSecretBox(join(folder, 'secret.key')) }),
    definitions: createDefinitions(database),
    projectSecrets: createProjectSecrets(database, { box: createSecretBox(join(folder, 'secret.key')), clock: systemClock }),
    clock: systemClock,
    objects: objectContext,
    artifactFolder: directory.artifacts,
    holdings: { directory, database, tracking, objectContext, places: createPlaces(objectContext) },
    guard: { loopback: true, hosts: [], token: undefined, ...guard },
    ...(userName !== undefined && { userName }),
  })
  return {
    app,
    tracking,
    registry,
    sources: {
      tracking,
      registry,
      traces,
      places: createArtifactPlaces({ tracking, traces, objects: objectContext, folder: directory.artifacts }),
    },
    folder,
    place,
    async ask(method, url, given, headers = {}) {
      const isQuery = method === 'GET' && typeof given === 'object'
      const pairs = isQuery ? Object.entries(given).map(([key, value]): [string, string] => [key, String(value)]) : []
      const query = isQuery ? `?${new URLSearchParams(pairs).toString()}` : ''
      const answer = await app.inject({
        method,
        url: `${url}${query}`,
        headers: {
          host: 'localhost',
          ...(given === undefined || isQuery ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(given === undefined || isQuery ? {} : { payload: typeof given === 'string' ? given : JSON.stringify(given) }),
      })
      const isJson = /json/.test(answer.headers['content-type'] ?? '')
      return {
        status: answer.statusCode,
        headers: answer.headers,
        text: answer.body,
        json: (isJson && answer.body !== '' ? JSON.parse(answer.body) : {}) as Record<string, never>,
      }
    },
    [Symbol.asyncDispose]: async () => {
      await app.close()
      await database.close()
      await remove()
      await rm(folder, { recursive: true })
    },
  }
}

let reported = 0

/** A run in state `running` that a client watches, with its files below the folder. Returns its id. */
export async function reportRun(tracking: Tracking, folder = '/out'): Promise<string> {
  const id = newRunId(1_000 + reported++)
  const run = {
    id,
    experimentId: '0',
    name: 'run',
    kind: 'run',
    state: 'running',
    owner: 'ada',
    host: '',
    outPath: `${folder}/${id}`,
  } as const
  await tracking.reported.create(run)
  return id
}
