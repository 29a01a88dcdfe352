import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FunctionSchema, type FunctionSpec } from '@trainyard/contract/function'
import { Check } from 'typebox/value'
import {
  fromFunctionDocument,
  parseFunctionReference,
  parseFunctionText,
  portableDocument,
  printFunctionFile,
  printFunctionReference,
  toFunctionDocument,
} from './index.ts'

const seed = `kind: job
metadata:
  name: remote-git-test
  project: default
  tag: latest
spec:
  command: 'myfunc.py'
  args: []
  image_pull_policy: Always
  build:
    commands: ['pip install pandas']
    base_image: mlrun/mlrun:dev
    source: git://github.com/mlrun/ci-demo.git
`

test("the seed's function.yaml is read, and written again with all it says", async () => {
  const document = await parseFunctionText(seed, 'function.yaml')
  expect(fromFunctionDocument(document)).toEqual({
    name: 'remote-git-test',
    kind: 'job',
    command: 'myfunc.py',
    baseImage: 'mlrun/mlrun:dev',
    commands: ['pip install pandas'],
    source: 'git://github.com/mlrun/ci-demo.git',
  })
  expect(await parseFunctionText(await printFunctionFile(document), 'again')).toEqual(document)
})

test('a document keeps what nobody here knows, and changes where the specification does', async () => {
  const document = await parseFunctionText(`${seed}  security_context: {runAsUser: 1000}\n`, 'function.yaml')
  const changed = toFunctionDocument({ name: 'remote-git-test', image: 'mine', replicas: 2 }, { base: document })
  expect(changed).toMatchObject({
    spec: {
      image: 'mine',
      replicas: 2,
      image_pull_policy: 'Always',
      security_context: { runAsUser: 1000 },
      command: 'myfunc.py',
    },
  })
})

test('what is exported has nothing of its place: no project, labels, hash, times, status', async () => {
  const exported = portableDocument({
    kind: 'job',
    metadata: { name: 'f', project: 'p', tag: 'v1', hash: 'h', updated: 'now', labels: { a: 'b' }, categories: ['x'] },
    spec: { image: '', args: [], build: { commands: [] }, volumes: null },
    status: { state: 'ready' },
  })
  expect(exported).toEqual({ kind: 'job', metadata: { name: 'f', tag: 'v1', categories: ['x'] }, spec: { image: '' } })
})

const text = fc.string({ minLength: 1 }).filter((value) => value.isWellFormed())
const texts = fc.dictionary(text, text, { minKeys: 1, noNullPrototype: true })
const optional = { requiredKeys: ['name'] as ['name'] }
const spec: fc.Arbitrary<FunctionSpec> = fc.record(
  {
    name: text,
    kind: fc.constantFrom('job', 'dask', 'serving'),
    description: text,
    labels: texts,
    categories: fc.array(text, { minLength: 1 }),
    code: text,
    source: text,
    handler: text,
    arguments: fc.array(text, { minLength: 1 }),
    requirements: fc.array(text, { minLength: 1 }),
    environment: fc.dictionary(text, fc.oneof(text, fc.record({ secret: text, key: text })), {
      minKeys: 1,
      noNullPrototype: true,
    }),
    resources: fc.record({ limits: fc.record({ cpu: fc.nat(), memory: text, gpu: fc.nat() }) }),
    replicas: fc.nat(),
    volumes: fc.array(fc.record({ name: text, mountPath: text, source: fc.record({ emptyDir: fc.constant({}) }) }), {
      minLength: 1,
      maxLength: 1,
    }),
    preemption: fc.constantFrom('allow', 'prevent'),
    retries: fc.record({ count: fc.nat(), backoffMs: fc.nat() }),
    timeouts: texts,
    parameters: fc.dictionary(text, fc.oneof(text, fc.integer(), fc.boolean()), { minKeys: 1, noNullPrototype: true }),
  },
  optional,
)

test('a specification comes back from its document, and the document from its text', async () => {
  await fc.assert(
    fc.asyncProperty(spec, async (given) => {
      const document = toFunctionDocument(given, { project: 'p' })
      expect(fromFunctionDocument(document)).toEqual({ kind: 'job', ...given })
      expect(Check(FunctionSchema, fromFunctionDocument(document))).toBe(true)
      expect(await parseFunctionText(await printFunctionFile(document), 'f.yaml')).toEqual(document)
    }),
    { numRuns: 200 },
  )
})

test.each([
  ['a:\n\tb: 1', 'f.yaml, line 2 is not YAML: a tab begins the line; YAML wants spaces there.'],
  ['[', 'f.yaml, line 1 is not YAML'],
  ['', 'f.yaml'],
  ['- 1', 'expected a table with kind, metadata and spec'],
  ['x: 1', 'neither kind nor metadata'],
  ['kind: project\nmetadata: {}', 'its kind is project, a project; load it with trainyard project load.'],
  ['kind: jobb', 'there is no kind of function "jobb" (did you mean job?)'],
  ['kind: [job]', 'kind must be a text'],
  ['kind: job\nmetadata: x', 'metadata must be a table of fields'],
  ['kind: job\nspec: {args: x}', 'spec.args must be a list, not "x".'],
  ['kind: job\nspec: {build: [1]}', 'spec.build must be a table, not [1].'],
  ['kind: job\nspec: {image: 3}', 'spec.image must be a text, not 3.'],
  ['kind: job\nspec: &a {x: *a}', 'grows beyond measure by its anchors'],
  [
    `a: &a [${'1,'.repeat(20)}]\n${'bcdefg'.replaceAll(/./g, (name, at: number) => `${name}: &${name} [${`*${'abcdefg'[at]},`.repeat(12)}]\n`)}`,
    'anchors',
  ],
])('the function.yaml %j is refused in one sentence', async (yaml, reason) => {
  await expect(parseFunctionText(yaml, 'f.yaml')).rejects.toThrow(reason)
})

test('a few anchors are fine, times and numbers come as MLRun reads them', async () => {
  const document = await parseFunctionText('kind: job\nspec: {a: &x [1], b: *x, yes: no, t: 2024-01-02 03:04:05}', 'f.yaml')
  expect(document['spec']).toEqual({ a: [1], b: [1], true: false, t: '2024-01-02T03:04:05.000Z' })
})

test('10 MB of YAML are refused at once', async () => {
  await expect(parseFunctionText(`kind: job\nx: ${'y'.repeat(11 * 1024 * 1024)}`, 'f.yaml')).rejects.toThrow('larger than 10 MiB')
})

test.each([
  ['train', { name: 'train' }],
  ['db://p/train', { project: 'p', name: 'train' }],
  ['p/train:v1', { project: 'p', name: 'train', tag: 'v1' }],
  ['db://p/train@abc', { project: 'p', name: 'train', hash: 'abc' }],
  ['db://p/train:v1@abc', { project: 'p', name: 'train', tag: 'v1', hash: 'abc' }],
  ['db://p/train@abc:v1', { project: 'p', name: 'train', tag: 'v1', hash: 'abc' }],
])('%s names a function', (reference, expected) => {
  expect(parseFunctionReference(reference)).toEqual(expected)
})

test.each(['', 'a b', 'db://', 'a/b/c', 'train:', 'train@', ':v1', 'train:a:b', 'train@a@b'])('%j names none', (reference) => {
  expect(() => parseFunctionReference(reference)).toThrow('names no function: write name, name:tag, name@hash')
})

test('a printed reference leads to the content where there is a hash', () => {
  expect(printFunctionReference({ project: 'p', name: 'f', hash: 'h', tag: 'v' })).toBe('db://p/f@h')
  expect(printFunctionReference({ project: 'p', name: 'f', tag: 'v' })).toBe('db://p/f:v')
})
