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
    const showMissingPage = dashboardPages(app, { folder })
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

test.each(['trainyard', 'npx trainyard'] as const)(
  'a page says how whoever started the server types a command: %s',
  async (programName) => {
    const folder = mkdtempSync(join(tmpdir(), 'trainyard-pages-'))
    await using app = Fastify()
    try {
      mkdirSync(join(folder, 'assets'))
      writeFileSync(join(folder, 'index.html'), '<head></head>')
      dashboardPages(app, { folder, programName })
      expect((await app.inject('/runs')).body).toBe(`<head><meta name="command" content="${programName}" /></head>`)
    } finally {
      rmSync(folder, { recursive: true })
    }
  },
)

test('the table of runs is told ahead what it needs: its scripts once each, and the keys of its runs as the page asks for them', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'trainyard-pages-'))
  await using app = Fastify()
  try {
    mkdirSync(join(folder, 'assets'))
    writeFileSync(join(folder, 'index.html'), '')
    const manifest = {
      'index.html': { file: 'assets/index-1.js', imports: ['_shared.js'] },
      'src/runs/runs-page.tsx': { file: 'assets/runs-2.js', imports: ['_shared.js', 'index.html'] },
      '_shared.js': { file: 'assets/shared-3.js' },
    }
    writeFileSync(join(folder, 'manifest.json'), JSON.stringify(manifest))
    dashboardPages(app, { folder })
    const linksOf = async (url: string) => String((await app.inject({ url })).headers['link']).split(', ')
    const keys = '/api/trainyard/v1/table/keys'
    expect(await linksOf('/runs?filter=a')).toEqual([
      ...['runs-2', 'shared-3', 'index-1'].map((name) => `</assets/${name}.js>; rel=modulepreload; crossorigin`),
      `<${keys}>; rel=preload; as=fetch; crossorigin`,
    ])
    expect((await linksOf('/p/a%20%26b/runs?flat=true')).at(-1)).toContain(`<${keys}?project=a+%26b&iterations=true>`)
    expect((await app.inject({ url: '/p/%E0%A4/runs' })).statusCode).toBe(400)
    expect((await app.inject({ url: '/models' })).headers['link']).toBeUndefined()
  } finally {
    rmSync(folder, { recursive: true })
  }
})
