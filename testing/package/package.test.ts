import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'

const clone = fileURLToPath(new URL('../..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'trainyard-package-'))
const run = promisify(execFile)
const environment = {
  ...process.env,
  PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter),
  TRAINYARD_HOME: undefined,
  TRAINYARD_URL: undefined,
  NO_COLOR: '1',
}

/** Packing writes into the package's folder, so that it is done in a copy: other tests run in the clone meanwhile. */
function copyOfClone(): string {
  const copy = join(folder, 'clone')
  const leftOut = new Set(['node_modules', '__pycache__'])
  mkdirSync(copy)
  for (const part of [
    'packages',
    'scripts',
    'python',
    'hub',
    'package.json',
    'tsconfig.json',
    'tsconfig.base.json',
    'README.md',
    'LICENSE',
  ])
    cpSync(join(clone, part), join(copy, part), { recursive: true, filter: (path) => !leftOut.has(basename(path)) })
  symlinkSync(join(clone, 'node_modules'), join(copy, 'node_modules'))
  return copy
}

const installed = join(folder, 'installed')
const program = join(installed, 'node_modules', '.bin', 'trainyard')
const trainyard = async (...words: string[]): Promise<string> =>
  (await run(program, words, { cwd: installed, env: environment })).stdout

beforeAll(async () => {
  const copy = copyOfClone()
  const tarballs: string[] = []
  for (const name of ['contract', 'sdk', 'platform']) {
    const place = join(copy, 'packages', name)
    await run('npm', ['pack', '--pack-destination', folder], { cwd: place, env: environment })
    tarballs.push(...readdirSync(folder).filter((file) => file.endsWith('.tgz') && !tarballs.includes(file)))
  }
  expect(readdirSync(join(copy, 'packages', 'platform'))).not.toContain('python')
  mkdirSync(installed)
  writeFileSync(join(installed, 'package.json'), '{"name": "user", "private": true}')
  const words = ['install', '--prefer-offline', '--ignore-scripts', '--omit=optional', '--no-audit', '--no-fund']
  await run('npm', [...words, ...tarballs.map((file) => join(folder, file))], { cwd: installed, env: environment })
  // What is found from here on is in the package.
  rmSync(copy, { recursive: true })
}, 600_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('the published package holds the program, the Python package and the shelf, and runs without the clone', async () => {
  expect(await trainyard('--help')).toContain('Usage: trainyard')
  writeFileSync(
    join(installed, 'x.py'),
    'import trainyard\ntrainyard.get_or_create_ctx("x").log_result("loss", 0.5)\nprint(trainyard.__file__)\n',
  )
  expect(await trainyard('run', 'x.py')).toContain(join('node_modules', 'trainyard', 'python', 'trainyard'))
  expect(await trainyard('ls', '--json')).toContain('"loss"')
  expect(await trainyard('hub', 'ls')).toContain('describe')
})

test('its packages for code in TypeScript are there as well', async () => {
  writeFileSync(
    join(installed, 'job.mjs'),
    "import { getOrCreateContext } from '@trainyard/sdk'\nif (typeof getOrCreateContext !== 'function') throw new Error('it is not there')\n",
  )
  expect(await trainyard('run', 'job.mjs', '--json')).toContain('"completed"')
})

/**
 * What the compiler says of files of a user's who is strict about everything, types of packages included: a list of sentences for each.
 * They are compiled at once, since most of the time goes into the types they share.
 */
async function compiled(sources: readonly string[]): Promise<string[][]> {
  const files = sources.map((source, at) => {
    writeFileSync(join(installed, `use-${at}.ts`), source)
    return `use-${at}.ts`
  })
  writeFileSync(
    join(installed, 'tsconfig.json'),
    JSON.stringify({
      compilerOptions: {
        strict: true,
        noEmit: true,
        module: 'nodenext',
        target: 'es2024',
        // As a program for Node.js has them.
        typeRoots: [join(clone, 'node_modules', '@types')],
        types: ['node'],
      },
      files,
    }),
  )
  const compiler = join(clone, 'node_modules', 'typescript', 'bin', 'tsc')
  const lines = await run(process.execPath, [compiler, '--pretty', 'false', '-p', installed], { cwd: installed })
    .then(({ stdout }) => stdout)
    .catch((error: { stdout: string }) => error.stdout)
  // Lines that go on with what the one before says are indented.
  const said = lines.split('\n').filter((line) => /^\S/.test(line))
  const elsewhere = said.filter((line) => !files.some((file) => line.startsWith(file)))
  expect(elsewhere).toEqual([])
  return files.map((file) => said.filter((line) => line.startsWith(file)))
}

const consumer = `import { connect, defineHandler, newFunction, newTask, Type } from '@trainyard/sdk'
import { connect as connectFromPage } from '@trainyard/sdk/client'
import type { RunRecord } from '@trainyard/contract'
import { nearestName } from '@trainyard/contract/nearest'

export const train = defineHandler({ parameters: Type.Object({ eta: Type.Number() }) }, async (context, { eta }) => {
  const doubled: number = eta * 2
  context.logResult('doubled', doubled)
})
export const task = newTask({ name: 'x', parameters: { eta: 0.1 } })
export const states: RunRecord['state'][] = ['completed']
export const near: string | undefined = nearestName('tran', ['train'])
export { connect, connectFromPage, newFunction }
`

test('a consumer in TypeScript compiles against its types, and is told of what is wrong', { timeout: 120_000 }, async () => {
  const [right, noNumber, noState] = await compiled([
    consumer,
    consumer.replace('eta * 2', 'eta.toUpperCase()'),
    consumer.replace("'completed'", "'complete'"),
  ])
  expect(right).toEqual([])
  expect(noNumber).toEqual([expect.stringContaining("Property 'toUpperCase' does not exist on type 'number'")])
  expect(noState).toEqual([expect.stringContaining(`Type '"complete"' is not assignable`)])
})
