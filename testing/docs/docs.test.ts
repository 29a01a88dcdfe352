import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { postgresProblem } from '../engines/postgres-server.mjs'
import { follow } from './follow.ts'
import { readPage, type Step } from './page.ts'
import { Reader } from './reader.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const python = execFileSync(process.env['TRAINYARD_TEST_PYTHON'] ?? 'python3', ['-c', 'import sys; print(sys.executable)'], {
  encoding: 'utf8',
}).trim()

const pages = [
  'README.md',
  ...readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
]
  // Pages that need more than Python's own packages say who follows them.
  .filter((page) => !readFileSync(join(root, page), 'utf8').includes('<!-- followed with '))

/** Where no Postgres can be started, the run of the tests says so. */
const isFollowed = ({ page, steps }: { page: string; steps: readonly Step[] }): boolean =>
  steps.length > 0 && (page !== join('docs', 'databases.md') || postgresProblem() === undefined)

/** The page about databases speaks of one that the reader has already. */
async function databaseFor(page: string) {
  if (page !== join('docs', 'databases.md')) return undefined
  const { createBarePostgresPlace } = await import('../../packages/platform/src/database/testing/postgres-place.ts')
  return await createBarePostgresPlace()
}

describe.concurrent('a reader who follows a page gets what it shows', () => {
  it.for(pages.map((page) => ({ page, steps: readPage(join(root, page)) })).filter(isFollowed))(
    '$page',
    { timeout: 180_000 },
    async ({ page, steps }) => {
      const database = await databaseFor(page)
      using reader = new Reader(python, database ? { DATABASE: database.place } : {})
      expect(await follow(reader, page, steps)).toEqual([])
      await database?.remove()
    },
  )
})

it('docs/cli.md is what the program says about itself now', { timeout: 180_000 }, () => {
  execFileSync(process.execPath, [join(root, 'scripts', 'generate-cli-reference.mjs'), '--check'], { encoding: 'utf8' })
})

it('docs/api.md is what the table of operations says', { timeout: 60_000 }, () => {
  const script = join(root, 'scripts', 'generate-api-reference.mjs')
  execFileSync(process.execPath, ['--conditions', 'trainyard-source', script, '--check'], { encoding: 'utf8' })
})
