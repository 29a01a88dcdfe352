import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import Fastify from 'fastify'
import { expect, it } from 'vitest'
import { openServer } from '../testing/open-server.ts'
import { allRoutes } from './dialect.ts'

const docs = fileURLToPath(new URL('../../../../../docs', import.meta.url))

/** Update with `npx vitest run packages/platform/src/http/mlrun/served.test.ts -u`. */
it('docs/mlrun-routes.md lists every route that is served, and no other', async () => {
  const methods = new Map<string, Set<string>>()
  for (const { method, path, version } of allRoutes) {
    const url = `/api/${version}/${path.replaceAll(/:(\w+)/g, '{$1}')}`
    methods.set(url, (methods.get(url) ?? new Set()).add(method))
  }
  const rows = [...methods].toSorted(([left], [right]) => (left < right ? -1 : 1))
  const page = [
    '# Routes of the MLRun dialect',
    '',
    'Written by a test from the table of routes. What stands under `/api/v1/` is served under `/api/` as well.',
    '',
    '| address | methods |',
    '|---|---|',
    ...rows.map(([url, found]) => `| \`${url}\` | ${[...found].toSorted().join(', ')} |`),
    '',
  ].join('\n')
  await expect(page).toMatchFileSnapshot(join(docs, 'mlrun-routes.md'))
})

it('no two routes stand for one address', async () => {
  const app = Fastify()
  for (const { method, path, version } of allRoutes) app.route({ method, url: `/api/${version}/${path}`, handler: () => 'ok' })
  await app.ready()
  await app.close()
})

it('what docs/mlrun.md says is not served is answered with 404 or 405', async () => {
  const [, section = ''] = readFileSync(join(docs, 'mlrun.md'), 'utf8').split('## What is not served')
  const paths = Array.from(section.matchAll(/`(\/api[^`]+)`/g), ([, path = '']) => path.replaceAll(/\{\w+\}/g, 'x'))
  expect(paths.length).toBeGreaterThan(5)
  await using server = await openServer()
  for (const path of paths)
    for (const method of ['GET', 'POST', 'PUT'] as const) {
      const { status } = await server.ask(method, path, method === 'GET' ? undefined : {})
      expect([404, 405], `${method} ${path}`).toContain(status)
    }
})
