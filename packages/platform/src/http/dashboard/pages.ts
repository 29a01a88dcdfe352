import { existsSync, readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { readFirstNeeds } from './first-needs.ts'

/** Addresses of the dashboard. All others stay what they were: clients of the dialects look at what is not found. */
const pages = [
  '/',
  '/runs',
  '/runs/*',
  '/compare',
  '/models',
  '/models/*',
  '/artifacts',
  '/artifacts/*',
  '/experiments',
  '/experiments/*',
  '/functions',
  '/jobs',
  '/schedules',
  '/traces',
  '/traces/*',
  '/lineage',
  '/trash',
  '/projects',
  '/settings',
  '/go/*',
  '/p/*',
]

const mediaTypes: Record<string, string> = {
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
  woff2: 'font/woff2',
}

/** Scripts and styles of our own files alone; nothing from anywhere else, and nothing written into the page. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "font-src 'self'",
  "connect-src 'self'",
  "frame-src 'self'",
  "media-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** In a published package as in a clone: beside the folder of the bundled program. */
function findFolder(): string | undefined {
  let folder = fileURLToPath(new URL('.', import.meta.url))
  for (let depth = 0; depth < 6; depth++, folder = join(folder, '..')) {
    const candidate = join(folder, 'dist', 'ui')
    if (existsSync(join(candidate, 'index.html'))) return candidate
  }
  return undefined
}

/** Of programs, which are told in a word that nothing is there. */
const isForPrograms = (url: string): boolean =>
  /^\/(?:api|ajax-api|get-artifact|v1|assets|projects\/[^/]+\/api)(?:[/?]|$)/.test(url)

export interface DashboardOptions {
  folder?: string
  /** What the pages say that is typed for a command. */
  programName?: 'trainyard' | 'npx trainyard' | undefined
}

/**
 * Serves the built dashboard; without one, a page that says how to build it. What it gives back shows the dashboard, with 404, to
 * whoever looks for a page at an address that has none; undefined when a program asked.
 */
export function dashboardPages(
  app: FastifyInstance,
  { folder = findFolder(), programName = 'trainyard' }: DashboardOptions = {},
): (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply> | undefined {
  const firstNeeds = folder === undefined ? undefined : readFirstNeeds(folder)
  const sendPage = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    reply
      .type('text/html; charset=utf-8')
      .header('content-security-policy', policy)
      .header('referrer-policy', 'no-referrer')
      .header('cache-control', 'no-store')
    if (folder === undefined)
      return await reply
        .code(503)
        .send('<!doctype html><title>Trainyard</title><p>The dashboard is not built: run npm run build.')
    const needs = firstNeeds?.(request.url)
    if (needs !== undefined) reply.header('link', needs)
    const page = await readFile(join(folder, 'index.html'), 'utf8')
    return await reply.send(page.replace('</head>', `<meta name="command" content="${programName}" /></head>`))
  }
  for (const url of pages) app.get(url, sendPage)
  if (folder === undefined) return () => undefined
  const names = new Set(readdirSync(join(folder, 'assets')))
  app.get('/assets/:name', (request, reply) => sendAsset({ folder, names }, request, reply))
  return (request, reply) =>
    request.method === 'GET' && request.headers.accept?.includes('text/html') === true && !isForPrograms(request.url)
      ? sendPage(request, reply.code(404))
      : undefined
}

/** Their names hold a hash of what is in them, so a browser asks for each once. */
async function sendAsset(
  { folder, names }: { folder: string; names: ReadonlySet<string> },
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { name } = request.params as { name: string }
  const type = mediaTypes[name.split('.').at(-1)!]
  if (!names.has(name) || type === undefined) return await reply.code(404).type('text/plain; charset=utf-8').send('Not Found')
  const accepted = request.headers['accept-encoding'] ?? ''
  const encoding = [
    ['br', 'br'],
    ['gzip', 'gz'],
  ].find(([coding, ending]) => accepted.includes(coding!) && names.has(`${name}.${ending}`))
  if (encoding) reply.header('content-encoding', encoding[0]!)
  return await reply
    .type(type)
    .header('vary', 'accept-encoding')
    .header('cache-control', 'public, max-age=31536000, immutable')
    .send(await readFile(join(folder, 'assets', encoding ? `${name}.${encoding[1]}` : name)))
}
