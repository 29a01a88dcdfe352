import fc from 'fast-check'
import { expect, test } from 'vitest'
import { artifactOf, portableArtifact } from './listed-artifact.ts'

test.each([
  [
    { key: 'a', kind: 'dataset', target_path: 'a.csv', tag: 'v1', own: 1 },
    {
      kind: 'artifact',
      metadata: { key: 'a', tag: 'v1', labels: { 'trainyard/kind': 'dataset' } },
      spec: { own: 1, src_path: 'a.csv' },
    },
  ],
  [
    { key: 'a', kind: 'file', target_path: 's3://b/a' },
    { kind: 'artifact', metadata: { key: 'a' }, spec: { target_path: 's3://b/a' } },
  ],
  [
    { key: 'a', kind: 'directory', target_path: '/data' },
    { kind: 'dir', metadata: { key: 'a' }, spec: { target_path: '/data' } },
  ],
  [
    { key: 'm', kind: 'model', target_path: 'deep/m.pkl' },
    { kind: 'model', metadata: { key: 'm' }, spec: { src_path: 'deep', model_file: 'm.pkl' } },
  ],
  [
    { key: 'm', kind: 'model', target_path: 's3://b/m' },
    { kind: 'model', metadata: { key: 'm' }, spec: { target_path: 's3://b/m', model_url: 's3://b/m' } },
  ],
  [
    { key: 'a', import_from: 'a.yaml' },
    { key: 'a', import_from: 'a.yaml' },
  ],
])("the entry %j is written as MLRun's client reads it", (entry, written) => {
  expect(portableArtifact(entry)).toEqual(written)
})

test('the form says where the artifact lies as the flat entry did, and is not changed again', () => {
  const target = fc.constantFrom('a.csv', 'deep/a.csv', './a', '/data/a.csv', 's3://bucket/a.csv', 'https://host/a')
  const kind = fc.constantFrom('model', 'dataset', 'plot', 'table', 'file', 'directory', 'artifact', 'dir', undefined)
  fc.assert(
    fc.property(target, kind, (target_path, given) => {
      const entry = { key: 'a', target_path, ...(given === undefined ? {} : { kind: given }) }
      const once = portableArtifact(entry)
      expect(portableArtifact(once)).toEqual(once)
      const expected = /^[a-z0-9]+:/.test(target_path) ? target_path : target_path.replace(/^(?:\.\/)?(?!\/)/, '/folder/')
      expect(artifactOf(once, '/folder')).toEqual({ key: 'a', kind: kindOf(given), target: expected })
    }),
  )
})

const kindOf = (given: string | undefined): string =>
  given === 'dir' || given === 'directory' ? 'directory' : given === undefined || given === 'artifact' ? 'file' : given

test('an entry without a place is refused with the forms there are', () => {
  expect(() => artifactOf({ metadata: { key: 'a' } }, '/folder')).toThrow(
    /spec\.src_path .*, spec\.target_path .* or import_from/,
  )
})
