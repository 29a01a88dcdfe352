import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parseObjectUrl } from './object-url.ts'
import { type ObjectContext, openObject, openObjectStore } from './open-store.ts'

const parse = (url: string): unknown => parseObjectUrl(url, { workingDirectory: '/work dir' })

describe('parseObjectUrl', () => {
  it.each([
    ['data/iris.csv', { scheme: 'file', path: '/work dir/data/iris.csv' }],
    ['/tmp/a b.csv', { scheme: 'file', path: '/tmp/a b.csv' }],
    ['../up', { scheme: 'file', path: '/up' }],
    ['file:///tmp/a%20b.csv', { scheme: 'file', path: '/tmp/a b.csv' }],
    ['c:thing', { scheme: 'file', path: '/work dir/c:thing' }],
    ['s3://bucket/a b/100%25+é', { scheme: 's3', bucket: 'bucket', key: 'a b/100%25+é' }],
    ['s3://bucket', { scheme: 's3', bucket: 'bucket', key: '' }],
    ['gs://bucket/', { scheme: 'gs', bucket: 'bucket', key: '' }],
    ['az://container/x/y', { scheme: 'az', bucket: 'container', key: 'x/y' }],
    ['store://artifacts/p/model', { scheme: 'store', url: 'store://artifacts/p/model' }],
  ])('reads %j', (url, expected) => {
    expect(parse(url)).toEqual(expected)
  })

  it.each([
    ['', 'is empty'],
    ['ftp://host/file', 'begins with ftp://, which is not known; write a path, file://'],
    ['s3:///key', 'names no bucket; write s3://name/key'],
    ['az://', 'names no container'],
    ['file://elsewhere/x', 'is not a file on this machine'],
    ['http://', 'is not a valid URL'],
    ['nul\0', 'NUL'],
  ])('refuses %j with a sentence', (url, sentence) => {
    expect(() => parse(url)).toThrow(sentence)
  })
})

describe('opening by address', () => {
  let folder: string
  let context: ObjectContext
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'trainyard-open-'))
    context = { workingDirectory: folder, environment: {} }
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  it('opens a file by relative path, through a link that the user named', async () => {
    await writeFile(join(folder, 'real.csv'), 'a,b')
    await symlink('real.csv', join(folder, 'latest.csv'))
    const { store, key } = await openObject('latest.csv', context)
    expect(key).toBe('real.csv')
    expect(await text((await store.get(key)).stream)).toBe('a,b')
  })

  it('opens a folder whose keys count from it', async () => {
    const store = await openObjectStore('out/run 1', context)
    await store.put('plots/roc.html', Buffer.from('x'))
    expect(await readFile(join(folder, 'out', 'run 1', 'plots', 'roc.html'), 'utf8')).toBe('x')
    expect(store.urlOf('plots/roc.html')).toBe(`file://${folder}/out/run%201/plots/roc.html`)
    const again = await openObject(store.urlOf('plots/roc.html'), context)
    expect(await again.store.head(again.key)).toMatchObject({ sizeBytes: 1 })
  })

  it('gives memory stores of one name the same objects', async () => {
    const one = await openObject('memory://open-test/a/b', context)
    await one.store.put(one.key, Buffer.from('shared'))
    const two = await openObject('memory://open-test/a/b', context)
    expect(await text((await two.store.get(two.key)).stream)).toBe('shared')
  })

  it('resolves store:// through the given resolver, and only once', async () => {
    await writeFile(join(folder, 'model'), 'weights')
    const resolving = {
      ...context,
      resolveStoreUrl: async (url: string) => (url === 'store://models/m' ? join(folder, 'model') : 'store://models/m'),
    }
    const { store, key } = await openObject('store://models/m', resolving)
    expect(await text((await store.get(key)).stream)).toBe('weights')
    await expect(openObject('store://models/loop', resolving)).rejects.toMatchObject({ code: 'internal' })
    await expect(openObject('store://models/m', context)).rejects.toMatchObject({ code: 'invalid_argument' })
  })

  it('wants a key where an object is asked for', async () => {
    await expect(openObject('s3://bucket', context)).rejects.toThrow('s3://bucket names no object; write s3://bucket/key.')
  })

  it('names the variables when a cloud has no credentials', async () => {
    const { store, key } = await openObject('az://container/key', context)
    await expect(store.get(key)).rejects.toThrow('set AZURE_STORAGE_CONNECTION_STRING')
  })
})
