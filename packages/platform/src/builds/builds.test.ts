import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import type { FunctionSpec } from '@trainyard/contract/function'
import { createDefinitions } from '../definitions/index.ts'
import { createFunctions, type FunctionVersion, stageFunction, toFunctionDocument } from '../functions/index.ts'
import { openTemporaryDatabase } from '../tracking/testing/temporary-database.ts'
import { buildFunction, type BuildRequest, dockerfileOf, findEngine, readBuildLog } from './index.ts'
import { packSource } from './pack-source.ts'
import { openRegistry } from './testing/registry.ts'

const root = mkdtempSync(join(tmpdir(), 'trainyard-builds-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
let count = 0
let folder = ''
beforeEach(() => mkdirSync((folder = join(root, String(count++)))))

const environment: Record<string, string | undefined> = {
  ...process.env,
  XDG_CACHE_HOME: join(root, 'cache'),
  CONTAINERS_STORAGE_CONF: join(root, 'storage.conf'),
  TRAINYARD_INSECURE_REGISTRY: 'yes',
}
writeFileSync(
  join(root, 'storage.conf'),
  `[storage]\ndriver = "vfs"\ngraphroot = "${join(root, 'images')}"\nrunroot = "${join(root, 'run')}"\n`,
)

async function open() {
  const temporary = await openTemporaryDatabase()
  const functions = createFunctions(createDefinitions(temporary.database))
  const lines: string[] = []
  const sources = {
    objects: { workingDirectory: folder, environment },
    cacheFolder: join(folder, 'functions'),
    allowLocal: true,
    allowPrivate: true,
    environment,
    signal: new AbortController().signal,
  }
  const options = {
    functions,
    sources,
    folder: join(folder, 'builds'),
    environment,
    onLine: (line: string) => void lines.push(line),
    nowMs: () => 1,
  }
  return {
    lines,
    sources,
    save: (spec: FunctionSpec) => functions.save({ project: 'p', document: toFunctionDocument(spec) }),
    again: (version: FunctionVersion) => functions.get(version, 'p'),
    build: async (version: FunctionVersion, request: BuildRequest = {}) =>
      await buildFunction(await functions.get(version, 'p'), request, options),
    log: async (version: FunctionVersion) => (await readBuildLog(options.folder, version)).toString(),
    [Symbol.asyncDispose]: () => temporary[Symbol.asyncDispose](),
  }
}

describe('the Dockerfile', () => {
  const parts = { hasSource: false, secrets: [], requirements: [] }

  test('has base image, source, commands and requirements in this order', () => {
    const spec = { name: 'f', baseImage: 'python:3.12', commands: ['apt-get update'], buildEnvironment: { A: 'b c' } }
    expect(dockerfileOf(spec, { ...parts, hasSource: true, codeFile: 'f.py', requirements: ['six'] })).toBe(
      [
        'FROM python:3.12',
        'ARG A="b c"',
        'WORKDIR /home/trainyard',
        'COPY source/ /home/trainyard/',
        'RUN ["/bin/sh","-c","apt-get update"]',
        'COPY requirements.txt /tmp/trainyard-requirements.txt',
        'RUN ["/bin/sh","-c","python -m pip install --no-cache-dir -r /tmp/trainyard-requirements.txt"]',
        'COPY code/ /home/trainyard/',
        'ENV PYTHONPATH=/home/trainyard',
        '',
      ].join('\n'),
    )
  })

  test('holds the name of a secret and never its value; a command cannot begin a line of its own', () => {
    const text = dockerfileOf({ name: 'f', baseImage: 'b', commands: ['a\nFROM evil'] }, { ...parts, secrets: ['TOKEN'] })
    expect(text).toContain(
      'RUN --mount=type=secret,id=TOKEN ["/bin/sh","-c","TOKEN=\\"$(cat /run/secrets/TOKEN)\\"; export TOKEN; a\\nFROM evil"]',
    )
    expect(text.split('\n').filter((line) => line.startsWith('FROM'))).toEqual(['FROM b'])
  })

  test.each([
    [{ name: 'f' }, [], 'has no base image to build on'],
    [{ name: 'f', baseImage: 'a\nRUN b' }, [], 'is no name of an image'],
    [{ name: 'f', baseImage: 'a' }, ['A=b'], 'cannot be the name of a variable'],
  ])('of %j is refused', (spec, secrets, reason) => {
    expect(() => dockerfileOf(spec, { ...parts, secrets })).toThrow(reason)
  })
})

test('a packed source is the same for the same files, and has none of what tools leave', async () => {
  for (const name of ['one', 'two']) {
    mkdirSync(join(folder, name, '__pycache__'), { recursive: true })
    writeFileSync(join(folder, name, 'a.py'), 'x')
    writeFileSync(join(folder, name, '__pycache__', 'a.pyc'), name)
  }
  const [one, two] = [
    await packSource(join(folder, 'one'), join(folder, 'c')),
    await packSource(join(folder, 'two'), join(folder, 'c')),
  ]
  expect(one).toEqual(two)
  expect(gunzipSync(readFileSync(one.path)).includes('pyc')).toBe(false)
})

describe('without containers', () => {
  test('a build is the environment and the packed source, which runs use from then on; skipped when nothing changed', async () => {
    await using opened = await open()
    mkdirSync(join(folder, 'code'))
    writeFileSync(join(folder, 'code/train.py'), 'before')
    const version = await opened.save({ name: 'f', source: join(folder, 'code'), command: 'train.py' })
    const first = await opened.build(version, { what: 'environment' })
    expect(first).toMatchObject({ kind: 'environment', skipped: false, source: expect.stringContaining('source-') })
    expect((await opened.build(version, { what: 'environment' })).skipped).toBe(true)
    writeFileSync(join(folder, 'code/train.py'), 'after')
    const built = await opened.again(version)
    expect(built.status).toMatchObject({ state: 'ready', build: { key: first.key } })
    const staged = await stageFunction(built, opened.sources)
    expect(readFileSync(staged.task.command!, 'utf8')).toBe('before')
    expect((await opened.build(version, { what: 'environment' })).skipped).toBe(false)
  })

  test('what fails leaves its reason on the function and in the log, without the secrets', async () => {
    await using opened = await open()
    const version = await opened.save({ name: 'f', code: 'x', requirements: ['./no-such-package-s3cret'] })
    await expect(opened.build(version, { what: 'environment', secrets: { T: 's3cret' } })).rejects.toThrow('no-such-package')
    expect((await opened.again(version)).status).toMatchObject({
      state: 'error',
      reason: expect.stringContaining('no-such-package'),
    })
    expect(await opened.log(version)).toMatch(/no-such-package-\*\*\*\*\*/)
    expect(await opened.log(version)).not.toContain('s3cret')
  })
})

/** A root file system of this machine's own shell: nothing has to be fetched. */
function makeRootFolder(target: string): void {
  for (const name of ['sh', 'cat', 'wc', 'mkdir']) {
    const path = execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim()
    const libraries = execFileSync('sh', ['-c', `ldd ${path}`], { encoding: 'utf8' }).match(/\/\S+/g) ?? []
    mkdirSync(join(target, 'bin'), { recursive: true })
    copyFileSync(path, join(target, 'bin', basename(path)))
    for (const library of libraries) {
      mkdirSync(join(target, dirname(library)), { recursive: true })
      copyFileSync(library, join(target, library))
    }
  }
}

const engine = await findEngine(environment)
if (!engine) console.warn('\nNOT TESTED: builds of images, for neither buildah, podman nor docker is here.\n')

describe.runIf(engine !== undefined && engine.name !== 'docker')(`with ${engine?.name}`, () => {
  test('an image is built, pushed, not built again; no secret is in a layer', async () => {
    const { name } = engine!
    makeRootFolder(join(folder, 'base/rootfs'))
    writeFileSync(join(folder, 'base/Dockerfile'), 'FROM scratch\nCOPY rootfs/ /\n')
    execFileSync(name, ['build', '--tag', 'localhost/base:1', join(folder, 'base')], {
      env: { ...environment, BUILDAH_ISOLATION: 'chroot' },
      stdio: 'pipe',
    })
    await using opened = await open()
    await using registry = await openRegistry()
    mkdirSync(join(folder, 'code'))
    writeFileSync(join(folder, 'code/data.txt'), 'of the source')
    const version = await opened.save({
      name: 'f',
      baseImage: 'localhost/base:1',
      source: join(folder, 'code'),
      code: 'print(1)',
      codeFile: 'f.py',
      commands: ['echo "length ${#TOKEN}"', 'echo "$TOKEN"', 'cat data.txt > copy.txt'],
    })
    const request: BuildRequest = { image: `${registry.host}/f:1`, push: true, secrets: { TOKEN: 'very-hidden' } }
    const first = await opened.build(version, request)
    expect(first).toMatchObject({ kind: 'image', engine: name, skipped: false, digest: expect.stringMatching(/^sha256:/) })
    expect(opened.lines.join('\n')).toMatch(/length 11/)
    expect(opened.lines.join('\n')).not.toContain('very-hidden')
    expect(await opened.log(version)).toBe(`${opened.lines.join('\n')}\n`)
    expect(registry.manifests.get('1')?.digest).toBe(first.digest)
    const layers = Array.from(registry.blobs.values(), (blob) => (blob[0] === 0x1f ? gunzipSync(blob) : blob))
    expect(layers.some((layer) => layer.includes('of the source'))).toBe(true)
    expect(layers.some((layer) => layer.includes('home/trainyard/f.py'))).toBe(true)
    expect(layers.filter((layer) => layer.includes('very-hidden'))).toEqual([])
    expect(await opened.build(version, request)).toMatchObject({ skipped: true, digest: first.digest })
    writeFileSync(join(folder, 'code/data.txt'), 'changed')
    expect((await opened.build(version, { ...request, push: false })).imageId).not.toBe(first.imageId)
    expect((await opened.again(version)).status).toMatchObject({ state: 'ready', build: { kind: 'image' } })
    const bad = await opened.save({ name: 'bad', baseImage: 'localhost/base:1', commands: ['exit 3'] })
    await expect(opened.build(bad)).rejects.toThrow(/build failed: .*3/)
    expect((await opened.again(bad)).status).toMatchObject({ state: 'error' })
  })
})

test('what cannot be built says what is missing', async () => {
  await using opened = await open()
  const version = await opened.save({ name: 'f', code: 'x' })
  await expect(opened.build(version, { what: 'image' })).rejects.toThrow(
    /has no base image|There is nothing here that builds images/,
  )
  await expect(findEngine({ PATH: folder }, 'podman')).rejects.toThrow('podman is not installed here')
  await expect(findEngine({ PATH: folder }, 'kaniko')).rejects.toThrow('There is no build engine kaniko')
  expect(await findEngine({ PATH: folder })).toBeUndefined()
})
