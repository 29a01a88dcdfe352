import { describe, expect, test } from 'vitest'
import { parseStoreReference } from './artifact-reference.ts'
import { splitWords } from './commands/label.ts'
import { liesIn } from '../upkeep/index.ts'

describe('store addresses', () => {
  test.each([
    ['store://default/model', 'default', 'model'],
    ['store://artifacts/default/model:v1', 'default', 'model:v1'],
    ['store://models/p/dir/model@0193af#3', 'p', 'dir/model@0193af#3'],
    ['store://model', undefined, 'model'],
  ])('%s', (text, project, key) => expect(parseStoreReference(text)).toEqual({ project, key }))

  test('other texts are no store address, an empty one is refused', () => {
    expect(parseStoreReference('latest/model')).toBeUndefined()
    expect(() => parseStoreReference('store://')).toThrow("'store://' names no artifact")
    expect(() => parseStoreReference('store://default/')).toThrow('names no artifact')
  })
})

describe('labels on the command line', () => {
  test('runs come first, a dash behind removes', () => {
    expect(splitWords(['latest', 'my-run', 'team=vision', 'note=a=b', 'empty=', 'old-'])).toEqual({
      references: ['latest', 'my-run'],
      labels: { team: 'vision', note: 'a=b', empty: '', old: null },
    })
    expect(() => splitWords(['latest', '=x'])).toThrow("A label is written key=value; '=x' has no key.")
  })
})

describe('what may be deleted with a run', () => {
  test('only what lies below a place of ours', () => {
    expect(liesIn('/data/artifacts/p/1/model.txt', '/data/artifacts')).toBe(true)
    expect(liesIn('s3://bucket/out/1/model', 's3://bucket/out/1')).toBe(true)
    expect(liesIn('file:///data/artifacts/p/1/a%20b.txt', '/data/artifacts/p/1')).toBe(true)
    expect(liesIn('file:///data/artifacts/../secret', '/data/artifacts')).toBe(false)
    for (const target of [
      '/data/artifacts',
      '/data/artifacts-other/x',
      '/data/artifacts/../secret',
      '/home/ada/data.csv',
      's3://bucket/out/1',
    ]) {
      expect(liesIn(target, '/data/artifacts'), target).toBe(false)
    }
    expect(liesIn('s3://bucket/out/12/x', 's3://bucket/out/1')).toBe(false)
    expect(liesIn('s3://bucket/out/1/../2', 's3://bucket/out/1')).toBe(false)
  })
})
