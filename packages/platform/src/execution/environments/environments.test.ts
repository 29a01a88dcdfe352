import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { AppError } from '@trainyard/contract'
import { execa } from 'execa'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { findPython } from '../interpreter.ts'
import { listEnvironments, type PreparedEnvironment, prepareEnvironment, removeEnvironments } from './environments.ts'
import { listedRequirements } from './requirements.ts'

const environment = process.env
const interpreter = findPython({ environment, workingDirectory: process.cwd() })
let folder: string
let cacheDirectory: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trainyard-environments-'))
  cacheDirectory = join(folder, 'cache with space')
})
afterEach(() => rm(folder, { recursive: true, force: true }))

/** A package of our own on disk, so that these tests need no index. `slow` makes its installation wait. */
async function makePackage(name: string, options: { slow?: boolean } = {}): Promise<string> {
  const path = join(folder, name)
  await mkdir(join(path, 'backend'), { recursive: true })
  await writeFile(
    join(path, 'pyproject.toml'),
    '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["backend"]\n',
  )
  await writeFile(
    join(path, 'backend', 'backend.py'),
    `import time, zipfile
def build_wheel(folder, config_settings=None, metadata_directory=None):
    ${options.slow ? `open(${JSON.stringify(join(folder, 'building'))}, 'a').write('x'); time.sleep(1)` : 'pass'}
    with zipfile.ZipFile(folder + '/${name}-1.0-py3-none-any.whl', 'w') as wheel:
        wheel.writestr('${name}.py', 'value = 42\\n')
        info = '${name}-1.0.dist-info/'
        wheel.writestr(info + 'METADATA', 'Metadata-Version: 2.1\\nName: ${name}\\nVersion: 1.0\\n')
        wheel.writestr(info + 'WHEEL', 'Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')
        wheel.writestr(info + 'RECORD', '')
    return '${name}-1.0-py3-none-any.whl'
`,
  )
  return path
}

const prepare = (
  lines: string[],
  options: { onProgress?: (line: string) => void; signal?: AbortSignal } = {},
): Promise<PreparedEnvironment> =>
  prepareEnvironment({ requirements: listedRequirements(lines), interpreter, cacheDirectory, environment, ...options })

const valueIn = async (python: string, name: string): Promise<string> =>
  (await execa(python, ['-c', `import ${name}; print(${name}.value)`])).stdout

/** Another process that prepares an environment and prints what it got. */
function prepareElsewhere(lines: string[]): ChildProcess {
  const program = `
    import { prepareEnvironment } from ${JSON.stringify(fileURLToPath(new URL('environments.ts', import.meta.url)))}
    const prepared = await prepareEnvironment({
      requirements: { lines: ${JSON.stringify(lines)}, source: 'list' },
      interpreter: ${JSON.stringify(interpreter)}, cacheDirectory: ${JSON.stringify(cacheDirectory)}, environment: process.env,
    })
    console.log(JSON.stringify(prepared))`
  return spawn(process.execPath, ['--conditions=trainyard-source', '--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

async function outputOf(child: ChildProcess): Promise<PreparedEnvironment> {
  let text = ''
  child.stdout?.setEncoding('utf8').on('data', (part: string) => {
    text += part
  })
  await once(child, 'close')
  return JSON.parse(text) as PreparedEnvironment
}

describe('prepareEnvironment', () => {
  it('makes an environment once and finds it again', async () => {
    const path = await makePackage('sample_package')
    const lines: string[] = []
    const first = await prepare([path], { onProgress: (line) => lines.push(line) })
    expect(first).toMatchObject({ created: true, key: expect.stringMatching(/^[0-9a-f]{24}$/) })
    expect(first.choices['environment']).toBe(`made now (${first.key})`)
    expect(lines[0]).toContain('making an environment for list with')
    expect(await valueIn(first.python, 'sample_package')).toBe('42')
    const again = await prepare([path], { onProgress: (line) => lines.push(`again: ${line}`) })
    expect(again).toMatchObject({ created: false, python: first.python, choices: { environment: `cached (${first.key})` } })
    expect(lines.filter((line) => line.startsWith('again'))).toEqual([])
    expect((await readdir(cacheDirectory)).filter((name) => name.includes('requirements'))).toEqual([])
  })

  it('makes it once although eight processes ask at once', async () => {
    const path = await makePackage('shared_package', { slow: true })
    const answers = await Promise.all(Array.from({ length: 8 }, () => outputOf(prepareElsewhere([path]))))
    expect(answers.filter(({ created }) => created)).toHaveLength(1)
    expect(new Set(answers.map(({ python }) => python)).size).toBe(1)
    expect(await valueIn(answers[0]!.python, 'shared_package')).toBe('42')
  })

  it('takes over what a killed builder left', async () => {
    const path = await makePackage('killed_package', { slow: true })
    const builder = prepareElsewhere([path])
    while (!(await readdir(folder)).includes('building')) await new Promise((resolve) => setTimeout(resolve, 20))
    builder.kill('SIGKILL')
    await once(builder, 'close')
    const prepared = await prepare([path])
    expect(prepared.created).toBe(true)
    expect(await valueIn(prepared.python, 'killed_package')).toBe('42')
  })

  it('leaves nothing when it is cancelled', async () => {
    const path = await makePackage('cancelled_package', { slow: true })
    const controller = new AbortController()
    const preparing = prepare([path], { signal: controller.signal, onProgress: () => controller.abort() })
    await expect(preparing).rejects.toMatchObject({ code: 'aborted' })
    expect((await readdir(cacheDirectory)).filter((name) => !name.includes('.lock'))).toEqual([])
  })

  it('says which requirement failed and why, and leaves nothing', async () => {
    const failed = await prepare([join(folder, 'no-such-package')]).catch((error: unknown) => error)
    expect(failed).toBeInstanceOf(AppError)
    expect(failed).toMatchObject({ code: 'failed_precondition', message: expect.stringContaining('no-such-package') })
    expect(await listEnvironments(cacheDirectory)).toEqual([])
  })

  it('refuses an interpreter that the requirements exclude', async () => {
    const requirements = { ...listedRequirements([]), requiresPython: '<3' }
    const asking = prepareEnvironment({ requirements, interpreter, cacheDirectory, environment })
    await expect(asking).rejects.toMatchObject({
      code: 'failed_precondition',
      message: expect.stringContaining('wants Python <3, and '),
    })
  })

  it('refuses what is no Python', async () => {
    const requirements = listedRequirements([])
    const asking = prepareEnvironment({ requirements, interpreter: { executable: '/bin/true' }, cacheDirectory, environment })
    await expect(asking).rejects.toMatchObject({
      code: 'failed_precondition',
      message: expect.stringContaining('/bin/true is not a working Python'),
    })
  })
})

describe('the cache', () => {
  it('lists environments with size and last use, and removes those chosen', async () => {
    const one = await prepare([])
    const two = await prepare([await makePackage('listed_package')])
    await utimes(join(cacheDirectory, one.key, 'environment.json'), 1000, 1000)
    const listed = await listEnvironments(cacheDirectory)
    expect(listed.map(({ key }) => key)).toEqual([two.key, one.key])
    expect(listed[0]).toMatchObject({ source: 'list', tool: two.tool, python: two.python })
    expect(listed[0]?.sizeBytes).toBeGreaterThan(0)
    await expect(removeEnvironments(cacheDirectory, { keys: ['ffff'] })).rejects.toMatchObject({ code: 'not_found' })
    const unused = await removeEnvironments(cacheDirectory, { unusedForMs: 60_000, nowMs: Date.now() })
    expect(unused.map(({ key }) => key)).toEqual([one.key])
    expect((await removeEnvironments(cacheDirectory, { keys: [two.key.slice(0, 8)] })).map(({ key }) => key)).toEqual([two.key])
    expect(await listEnvironments(cacheDirectory)).toEqual([])
  })

  it('clears leftovers when all are removed', async () => {
    await mkdir(join(cacheDirectory, 'a'.repeat(24), 'lib'), { recursive: true })
    expect(await removeEnvironments(cacheDirectory, { all: true })).toEqual([])
    expect((await readdir(cacheDirectory)).filter((name) => !name.includes('.lock'))).toEqual([])
  })
})
