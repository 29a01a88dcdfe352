import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Task } from '@trainyard/contract'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { createDefinitions } from '../definitions/index.ts'
import { openTemporaryDatabase } from '../tracking/testing/temporary-database.ts'
import { compareFunctions, createFunctions, makeFunction, type MakeOptions, stageFunction, toFunctionDocument } from './index.ts'
import { tarOf } from './testing/archives.ts'
import { makeRepository } from './testing/git-repository.ts'

const root = mkdtempSync(join(tmpdir(), 'trainyard-functions-'))
afterAll(() => rmSync(root, { recursive: true }))
let count = 0
let folder = ''
beforeEach(() => mkdirSync((folder = join(root, String(count++)))))
const put = (path: string, text: string | Buffer): void => {
  mkdirSync(dirname(join(folder, path)), { recursive: true })
  writeFileSync(join(folder, path), text)
}

const options = (given: MakeOptions['given'] = {}, more: Partial<MakeOptions> = {}): MakeOptions => ({
  given,
  objects: { workingDirectory: folder, environment: process.env },
  cacheFolder: join(folder, '.cache'),
  allowLocal: true,
  allowPrivate: true,
  environment: process.env,
  signal: new AbortController().signal,
  ...more,
})
const version = (spec: Awaited<ReturnType<typeof makeFunction>>) => ({
  project: 'p',
  name: spec.name,
  reference: `db://p/${spec.name}@abc`,
  spec,
})

const training = '"""Trains."""\ndef train(context, rate: float = 0.1):\n    """Fits.\n    :param rate: speed\n    """\n'

test('from a file: the code is in the function, with its handlers and docs', async () => {
  put('my_training.py', training)
  expect(await makeFunction('my_training.py:train', options({ image: 'img' }))).toEqual({
    kind: 'job',
    name: 'my-training',
    handler: 'train',
    description: 'Trains.',
    code: training,
    codeFile: 'my_training.py',
    image: 'img',
    entryPoints: {
      train: {
        name: 'train',
        doc: 'Fits.',
        line: 2,
        parameters: [{ name: 'context' }, { name: 'rate', type: 'float', default: 0.1, doc: 'speed' }],
      },
    },
  })
})

test('from a folder, a repository and an archive: the source stays where it is, and is read', async () => {
  put('code/pkg/jobs.py', training)
  expect(await makeFunction('code', options({ handler: 'pkg.jobs.train' }))).toMatchObject({
    name: 'code',
    source: join(folder, 'code'),
    handler: 'pkg.jobs.train',
    entryPoints: { train: {} },
  })
  const repository = makeRepository(join(folder, 'demo'))
  repository.commit({ 'sub/train.py': training })
  expect(await makeFunction(`${repository.url}#main:sub`, options({ command: 'train.py' }))).toMatchObject({
    name: 'sub',
    source: `${repository.url}#main:sub`,
    description: 'Trains.',
  })
  put('code.tar.gz', tarOf([{ name: 'train.py', content: training }], { gzip: true }))
  expect(await makeFunction('code.tar.gz', options())).toMatchObject({ name: 'code', entryPoints: { train: {} } })
})

test('from a notebook: marked cells and what they install', async () => {
  const cell = (source: string) => ({ cell_type: 'code', metadata: {}, source })
  put('n.ipynb', JSON.stringify({ cells: [cell('!pip install six'), cell('# mlrun: start-code\ndef go(): pass')] }))
  expect(await makeFunction('n.ipynb', options({ requirements: ['numpy'] }))).toMatchObject({
    name: 'n',
    codeFile: 'n.py',
    entryPoints: { go: {} },
    requirements: ['numpy'],
  })
})

test('from nothing but what is given', async () => {
  expect(await makeFunction(undefined, options({ name: 'f', image: 'busybox', command: 'x.py' }))).toEqual({
    kind: 'job',
    name: 'f',
    image: 'busybox',
    command: 'x.py',
  })
})

test.each([
  [
    'without code',
    undefined,
    { name: 'f' },
    'The function f has no code: give it a file, a source (folder, archive, Git repository)',
  ],
  ['without a name', undefined, { code: 'x' }, 'The function has no name'],
  ['of no kind', 'train.py', { kind: 'jop' }, 'there is no kind of function "jop" (did you mean job?)'],
  ['with a handler that is not there', 'train.py', { handler: 'trian' }, "has no handler 'trian'; it has: train."],
  ['from an empty file', 'empty.py', {}, 'is empty: there is no code in it'],
  ['from a missing file', 'missing.py', {}, 'There is no source'],
  ['from a function.yaml', 'function.yaml', {}, 'take it in with trainyard function import'],
  ['from a folder without the command', 'code', { command: 'trian.py' }, 'There is no file trian.py in the source'],
  ['from a folder with no such module', 'code', { handler: 'pkg.jobs.train' }, 'There is no module pkg.jobs in the source'],
  ['with a command outside', 'code', { command: '../train.py' }, 'leads out of the source'],
])('a function %s is refused in one sentence', async (_what, from, given, reason) => {
  put('train.py', training)
  put('empty.py', '\n')
  put('function.yaml', 'kind: job')
  put('code/train.py', training)
  await expect(makeFunction(from, options(given))).rejects.toThrow(reason)
})

describe('staged', () => {
  test('code lies in a file of its own name, with all that a run needs', async () => {
    put('train.py', training)
    const spec = await makeFunction(
      'train.py',
      options({
        handler: 'train',
        parameters: { rate: 0.5 },
        requirements: ['six'],
        commands: ['pip install -q "pandas>=2" numpy', 'apt-get install -y x'],
        environment: { A: 'b', TOKEN: { secret: 'project', key: 'token' } },
        timeouts: { executing: '1h30m' },
        retries: { count: 2 },
        image: 'img',
      }),
    )
    const staged = await stageFunction(version(spec), options())
    expect(staged.task).toEqual({
      name: 'train',
      environmentSecrets: { TOKEN: { secret: 'project', key: 'token' } },
      project: 'p',
      experiment: 'train',
      command: expect.stringMatching(/train\.py$/),
      handler: 'train',
      parameters: { rate: 0.5 },
      requirements: ['six', 'pandas>=2', 'numpy'],
      timeoutMs: 5_400_000,
      environment: { A: 'b' },
      retries: 2,
      labels: { function: 'db://p/train@abc' },
    })
    expect(readFileSync(staged.task.command!, 'utf8')).toBe(training)
    expect(staged.notes.join()).toMatch(/apt-get install -y x.*the image img was not used/)
    expect((await stageFunction(version(spec), options())).task.command).toBe(staged.task.command)
  })

  test('an image is used where a container of it can be started, with the limits of the function', async () => {
    put('train.py', training)
    const resources = { requests: { cpu: 1 }, limits: { cpu: 4, memory: '2Gi' } }
    const staged = async (spec: MakeOptions['given'], state: 'ready' | 'absent', asked: Task = {}) =>
      await stageFunction(
        version(await makeFunction('train.py', options({ handler: 'train', resources, image: 'img', ...spec }))),
        { ...options(), imageState: async () => state },
        asked,
      )
    const used = await staged({ commands: ['apt-get install x'] }, 'ready')
    expect([used.task.image, used.notes]).toEqual(['img', []])
    expect(used.task.resources).toEqual({ cpu: 1, memory: '2Gi', cpuLimit: 4 })
    const absent = await staged({}, 'absent')
    expect([absent.task.image, absent.notes.join()]).toEqual([
      undefined,
      expect.stringMatching(
        /the image img was not used: it is not on this machine \(podman pull img\),limits of resources are kept in containers/,
      ),
    ])
    expect((await staged({ requirements: ['six'] }, 'ready')).notes.join()).toContain('need not be in it; build the function')
    expect((await staged({}, 'absent', { image: 'mine' })).task.image).toBe('mine')
    const spec = await makeFunction('train.py', options({ handler: 'train', requirements: ['six'], baseImage: 'b' }))
    const built = { ...version(spec), status: { build: { kind: 'image', image: 'built:1' } } }
    const { task } = await stageFunction(built, { ...options(), imageState: async () => 'ready' })
    expect([task.image, task.requirements]).toEqual(['built:1', undefined])
  })

  test('a source is where the process works, and where imports are found', async () => {
    put('code/pkg/jobs.py', training)
    put('code/requirements.txt', 'six')
    const spec = await makeFunction('code', options({ handler: 'pkg.jobs.train', requirements: ['-r requirements.txt'] }))
    const staged = await stageFunction(version(spec), options())
    expect(staged).toMatchObject({
      task: {
        command: join(folder, 'code/pkg/jobs.py'),
        handler: 'train',
        requirements: [`-r ${join(folder, 'code/requirements.txt')}`],
        environment: { PYTHONPATH: join(folder, 'code') },
      },
      workingDirectory: join(folder, 'code'),
    })
  })

  test('a folder of work that leads out of the source is refused', async () => {
    put('code/train.py', training)
    const spec = { name: 'f', source: join(folder, 'code'), workingDirectory: '../..' }
    await expect(stageFunction(version(spec), options())).rejects.toThrow('leads out of the source of f')
  })

  test('what is only in an image cannot be laid out', async () => {
    await expect(stageFunction(version({ name: 'f', image: 'img' }), options())).rejects.toThrow(
      'is in its image img, and there is none to run here',
    )
  })

  test('over the network a command is no file of the server', async () => {
    put('train.py', training)
    const staged = stageFunction(version({ name: 'f', command: 'train.py' }), options({}, { allowLocal: false }))
    await expect(staged).rejects.toThrow('names a file of another machine')
  })
})

test('versions are kept, found by reference, compared', async () => {
  await using temporary = await openTemporaryDatabase()
  const functions = createFunctions(createDefinitions(temporary.database))
  const save = (code: string, more = {}) =>
    functions.save({ project: 'p', document: toFunctionDocument({ name: 'f', code, ...more }, { project: 'p' }), by: 'ada' })
  const first = await save('a\nb\nc\n')
  const second = await save('a\nB\nc\n', { resources: { limits: { cpu: 2 } } })
  expect(second.reference).toBe(`db://p/f@${second.hash}`)
  expect((await functions.get({ name: 'f', hash: first.hash }, 'p')).spec.code).toBe('a\nb\nc\n')
  expect((await functions.list({ project: 'p', newestOnly: true })).functions.map(({ hash }) => hash)).toEqual([second.hash])
  expect(compareFunctions(first.document, second.document)).toEqual({
    fields: [{ path: 'spec.resources.limits.cpu', before: null, after: 2 }],
    code: [
      { kind: ' ', text: 'a', line: 1 },
      { kind: '-', text: 'b', line: 2 },
      { kind: '+', text: 'B', line: 2 },
      { kind: ' ', text: 'c', line: 3 },
    ],
  })
  expect(compareFunctions(first.document, first.document)).toEqual({ fields: [], code: [] })
  expect(await functions.delete({ name: 'f' }, 'p')).toBe(2)
})
