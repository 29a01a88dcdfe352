import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import Fastify from 'fastify'
import { expect, it } from 'vitest'
import { systemClock } from '../../base/clock.ts'
import { createSecretBox } from '../../base/secret-box.ts'
import { openDatabase } from '../../database/index.ts'
import { createTestPlace } from '../../database/testing/test-place.ts'
import { createPartUploads } from '../../objects/index.ts'
import { createRegistry } from '../../registry/index.ts'
import { createTracking } from '../../tracking/index.ts'
import { createEvaluation } from '../../evaluation/index.ts'
import { createTraces } from '../../traces/index.ts'
import { createWebhooks } from '../../webhooks/index.ts'
import { createAddressSigner } from '../signed-address.ts'
import { openServer } from '../testing/open-server.ts'
import { createArtifactPlaces } from './artifact-places.ts'
import { mlflowDialect } from './dialect.ts'

const docs = fileURLToPath(new URL('../../../../../docs', import.meta.url))

/** Every route of the dialect, as `METHOD address`. */
async function servedRoutes(): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'trainyard-served-'))
  const { place, remove } = await createTestPlace()
  const database = await openDatabase(place)
  const [tracking, traces, clock] = [createTracking(database), createTraces(database), systemClock]
  const context = {
    tracking,
    traces,
    evaluation: createEvaluation(database),
    clock,
    registry: createRegistry(database),
    webhooks: createWebhooks(database, { secrets: createSecretBox(join(folder, 'secret.key')), allowPrivate: false, clock }),
    uploads: createPartUploads(join(folder, 'uploads'), clock),
    userName: 'unknown',
    places: createArtifactPlaces({ tracking, traces, objects: { workingDirectory: folder, environment: {} }, folder }),
  }
  const routes: string[] = []
  const app = Fastify()
  app.addHook('onRoute', ({ method, url }) => {
    for (const each of [method].flat()) routes.push(`${each} ${url.replaceAll(/:(\w+)/g, '{$1}')}`)
  })
  mlflowDialect(app, context, createAddressSigner())
  await app.ready()
  await app.close()
  await database.close()
  await remove()
  rmSync(folder, { recursive: true })
  return routes
}

/** Update with `npx vitest run packages/platform/src/http/mlflow/served.test.ts -u`. */
it('docs/mlflow-routes.md lists every route that is served, and no other', async () => {
  const routes = (await servedRoutes()).filter((route) => !route.includes(' /ajax-api/') || !route.includes('/mlflow/'))
  const methods = new Map<string, string[]>()
  for (const route of new Set(routes)) {
    const [method = '', url = ''] = route.split(' ')
    methods.set(url, [...(methods.get(url) ?? []), method])
  }
  const rows = [...methods].toSorted(([left], [right]) => (left < right ? -1 : 1))
  const table = rows.map(([url, found]) => `| \`${url}\` | ${found.toSorted().join(', ')} |`)
  const page = [
    '# Routes of the MLflow dialect',
    '',
    'Written by a test from the table of routes. What stands under `/api/…/mlflow/` is served under `/ajax-api/…/mlflow/` as well.',
    '',
    '| address | methods |',
    '|---|---|',
    ...table,
    '',
  ].join('\n')
  await expect(page).toMatchFileSnapshot(join(docs, 'mlflow-routes.md'))
})

it('what docs/mlflow.md says is not served is answered with 404 or 405', async () => {
  const [, section = ''] = readFileSync(join(docs, 'mlflow.md'), 'utf8').split('## What is not served')
  const paths = Array.from(section.matchAll(/`(\/[^`]+)`/g), ([, path = '']) => path)
  expect(paths.length).toBeGreaterThan(5)
  await using server = await openServer()
  for (const path of paths) {
    for (const method of ['GET', 'POST'] as const) {
      const { status } = await server.ask(method, path, method === 'POST' ? {} : undefined)
      expect([404, 405], `${method} ${path}`).toContain(status)
    }
  }
})
