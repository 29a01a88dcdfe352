import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { downloadDirectory, hashDirectory, uploadDirectory } from './directory.ts'
import { createMemoryStore } from './memory-store.ts'
import type { ObjectStore } from './object-store.ts'
import { claimPartial } from './partial-download.ts'
import { createPlaces } from './places.ts'
import { copyObject, downloadObject, toByteStore } from './transfer.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trainyard-transfer-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

async function makeModel(name: string): Promise<string> {
  const path = join(folder, name)
  await mkdir(join(path, 'sub'), { recursive: true })
  await writeFile(join(path, 'b.txt'), 'bee')
  await writeFile(join(path, 'sub', 'a é.bin'), 'content')
  await symlink('b.txt', join(path, 'link'))
  return path
}

describe('copying', () => {
  it('copies between stores with progress and checks the hash', async () => {
    const from = createMemoryStore({ name: 'from' })
    const to = createMemoryStore({ name: 'to' })
    const bytes = Buffer.alloc(100_000, 'x')
    await from.put('a', bytes)
    const seen: unknown[] = []
    const stored = await copyObject(
      { store: from, key: 'a' },
      { store: to, key: 'b' },
      { onProgress: (progress) => seen.push(progress) },
    )
    expect(await to.head('b')).toMatchObject(stored)
    expect(seen.at(-1)).toEqual({ doneBytes: 100_000, totalBytes: 100_000 })
  })

  it('downloads a file whole or not at all', async () => {
    const store = createMemoryStore()
    await store.put('a', Buffer.from('content'))
    const path = join(folder, 'new', 'file')
    await downloadObject({ store, key: 'a' }, path)
    expect(await readFile(path, 'utf8')).toBe('content')
    const failing: ObjectStore = {
      ...store,
      async get(key, options) {
        const { info } = await store.get(key, options)
        return { info, stream: Readable.from(brokenOff()) }
      },
    }
    await expect(downloadObject({ store: failing, key: 'a' }, join(folder, 'other', 'file'))).rejects.toThrow('lost')
    expect(await readdir(join(folder, 'other'))).toEqual([])
    expect(await readdir(join(folder, 'new'))).toEqual(['file'])
  })

  it('goes on with what a killed process left of the same content', async () => {
    const store = createMemoryStore()
    await store.put('a', Buffer.from('0123456789'))
    const path = join(folder, 'file')
    const offsets: unknown[] = []
    const watched: ObjectStore = {
      ...store,
      get(key, options) {
        offsets.push(options?.offset)
        return store.get(key, options)
      },
    }
    const identity = JSON.stringify([store.urlOf('a'), path, (await store.head('a'))?.etag])
    const { pid } = spawnSync('true')
    const own = await claimPartial(path, identity)
    await writeFile(own.path.replace(`-${process.pid}-`, `-${pid}-`), '0123')
    const stored = await downloadObject({ store: watched, key: 'a' }, path)
    expect(offsets).toEqual([4])
    expect(await readFile(path, 'utf8')).toBe('0123456789')
    expect(await store.head('a')).toMatchObject(stored)
    expect(await readdir(folder)).toEqual(['file'])
  })

  it('offers small blobs to those who need no more', async () => {
    const bytes = toByteStore(createMemoryStore())
    await bytes.put('log/1', Buffer.from('line'))
    expect((await bytes.get('log/1')).toString()).toBe('line')
    await expect(bytes.get('log/2')).rejects.toMatchObject({ code: 'not_found' })
  })
})

async function* brokenOff(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('con')
  throw new Error('the connection was lost')
}

describe('folders', () => {
  it('go up and come back equal, with the same hash everywhere', async () => {
    const source = await makeModel('model')
    const store = createMemoryStore()
    const up = await uploadDirectory(store, 'models/m', source)
    expect((await store.list()).objects.map((object) => object.key)).toEqual([
      'models/m/b.txt',
      'models/m/link',
      'models/m/sub/a é.bin',
    ])
    const down = await downloadDirectory(store, 'models/m', join(folder, 'back'))
    expect(down).toEqual(up)
    expect(await hashDirectory(source)).toEqual(up)
    expect(await readFile(join(folder, 'back', 'link'), 'utf8')).toBe('bee')
    await writeFile(join(source, 'b.txt'), 'bie')
    expect((await hashDirectory(source)).sha256).not.toBe(up.sha256)
  })

  it('tells when nothing lies at the prefix', async () => {
    await expect(downloadDirectory(createMemoryStore(), 'none', folder)).rejects.toMatchObject({ code: 'not_found' })
  })

  it('refuses named pipes and links that lead in circles', async () => {
    const source = await makeModel('model')
    await symlink('..', join(source, 'sub', 'circle'))
    await expect(hashDirectory(source)).rejects.toThrow('the link sub/circle leads back to a folder above it')
    await rm(join(source, 'sub', 'circle'))
    spawnSync('mkfifo', [join(source, 'pipe')])
    await expect(uploadDirectory(createMemoryStore(), 'x', source)).rejects.toThrow('pipe is neither a file nor a folder')
  })
})

describe('places', () => {
  const places = () => createPlaces({ workingDirectory: folder, environment: {} })

  it.each(['file', 'memory'])('move files in, find them when done again, and remove them (%s)', async (kind) => {
    const target = kind === 'file' ? join(folder, 'artifacts', 'a.txt') : 'memory://places/run/a.txt'
    const local = join(folder, 'spooled.txt')
    await writeFile(local, 'content')
    const stored = await places().moveIn(local, target)
    expect(await readdir(folder)).not.toContain('spooled.txt')
    expect(await places().moveIn(local, target)).toEqual(stored)
    expect(await places().describe(target)).toEqual(stored)
    expect(await places().remove(target)).toBe(7)
    expect(await places().remove(target)).toBe(0)
    expect(await places().describe(target)).toEqual({})
    await expect(places().moveIn(local, target)).rejects.toMatchObject({ code: 'not_found' })
  })

  it.each(['file', 'memory'])('move folders in and remove them (%s)', async (kind) => {
    const target = kind === 'file' ? join(folder, 'artifacts', 'model') : 'memory://places/run/model'
    const { sizeBytes, sha256 } = await hashDirectory(await makeModel('spooled'))
    expect(await places().moveIn(join(folder, 'spooled'), target)).toMatchObject({ sizeBytes, sha256 })
    expect(await readdir(folder)).not.toContain('spooled')
    expect(await places().moveIn(join(folder, 'spooled'), target)).toEqual({ sizeBytes, sha256 })
    expect(await places().remove(target)).toBe(sizeBytes)
  })

  it('copies what a link leads to and leaves it alone', async () => {
    await writeFile(join(folder, 'dataset.csv'), 'a,b')
    await symlink('dataset.csv', join(folder, 'spooled'))
    await places().moveIn(join(folder, 'spooled'), join(folder, 'out', 'data.csv'))
    expect(await readFile(join(folder, 'out', 'data.csv'), 'utf8')).toBe('a,b')
    expect((await readdir(folder)).sort()).toEqual(['dataset.csv', 'out'])
  })
})
