import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Fastify from 'fastify'
import { expect, test } from 'vitest'
import { dashboardPages } from './pages.ts'

test('a person at an address without a page sees the dashboard, with 404; a program is told in a word', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'trainyard-pages-'))
  await using app = Fastify()
  try {
    mkdirSync(join(folder, 'assets'))
    writeFileSync(join(folder, 'index.html'), '<title>Trainyard</title>')
    const showMissingPage = dashboardPages(app, folder)
    app.setNotFoundHandler(async (request, reply) => showMissingPage(request, reply) ?? reply.code(404).send('Not Found'))
    const ask = async (url: string, accept: string) => {
      const answer = await app.inject({ url, headers: { accept } })
      return [answer.statusCode, answer.body]
    }
    expect(await ask('/runs', 'text/html,*/*')).toEqual([200, '<title>Trainyard</title>'])
    expect(await ask('/nope', 'text/html,*/*')).toEqual([404, '<title>Trainyard</title>'])
    expect(await ask('/nope', '*/*')).toEqual([404, 'Not Found'])
    for (const url of ['/api/2.0/nope', '/ajax-api/x', '/api', '/v1/x', '/assets/x.js', '/projects/a/api/x'])
      expect(await ask(url, 'text/html'), url).toEqual([404, 'Not Found'])
  } finally {
    rmSync(folder, { recursive: true })
  }
})
