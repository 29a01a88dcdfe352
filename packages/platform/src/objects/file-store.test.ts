import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createFileStore } from './file-store.ts'
import { createMemoryStore } from './memory-store.ts'
import { objectStoreSuite } from './testing/object-store-suite.ts'

objectStoreSuite('memory', { open: async () => createMemoryStore(), keepsSha256: true })

let suiteRoot: string
objectStoreSuite('file', {
  open: async () => {
    suiteRoot = await mkdtemp(join(tmpdir(), 'trainyard-file-store-'))
    return createFileStore({ root: join(suiteRoot, 'made on first use') })
  },
  close: () => rm(suiteRoot, { recursive: true, force: true }),
  keepsSha256: false,
})

describe('file store', () => {
  let folder: string
  let root: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'trainyard-file-store-'))
    root = join(folder, 'root')
    await mkdir(root)
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))
  const bytes = Buffer.from('content')

  it('stores the same bytes of pieces that it owns, and gives back the memory of those that have one to themselves', async () => {
    const store = createFileStore({ root })
    const pieces = Array.from({ length: 40 }, (_, at) => Buffer.from(new Uint8Array(65_536).fill(at).buffer))
    const shared = Buffer.from(new ArrayBuffer(100), 10, 20).fill(7)
    const whole = Buffer.concat([...pieces, shared])
    const stored = await store.put('owned', Readable.from([...pieces, shared]), { ownsPieces: true })
    expect(await readFile(join(root, 'owned'))).toEqual(whole)
    expect(stored).toEqual({ sizeBytes: whole.byteLength, sha256: createHash('sha256').update(whole).digest('hex') })
    expect(pieces.every(({ byteLength }) => byteLength === 0)).toBe(true)
    expect(shared.byteLength).toBe(20)
    const kept = Buffer.from(new Uint8Array(65_536).fill(1).buffer)
    await store.put('kept', Readable.from([kept]))
    expect(kept.byteLength).toBe(65_536)
  })

  it('refuses to leave its root through a linked folder, for reading and for writing', async () => {
    await mkdir(join(folder, 'outside'))
    await writeFile(join(folder, 'outside', 'secret'), 'secret')
    await symlink(join(folder, 'outside'), join(root, 'link'))
    const store = createFileStore({ root })
    await expect(store.get('link/secret')).rejects.toMatchObject({ code: 'permission_denied' })
    await expect(store.put('link/new/file', bytes)).rejects.toMatchObject({ code: 'permission_denied' })
    await expect(store.delete('link/secret')).rejects.toMatchObject({ code: 'permission_denied' })
    expect(await readdir(join(folder, 'outside'))).toEqual(['secret'])
    expect((await store.list()).objects).toEqual([])
  })

  it('does not read through a link in the place of an object and replaces it when written', async () => {
    await writeFile(join(folder, 'outside'), 'outside')
    await symlink(join(folder, 'outside'), join(root, 'object'))
    const store = createFileStore({ root })
    await expect(store.get('object')).rejects.toMatchObject({ code: 'not_found' })
    await store.put('object', bytes)
    expect((await store.head('object'))?.sizeBytes).toBe(bytes.length)
  })

  it('refuses named pipes at once', async () => {
    expect(spawnSync('mkfifo', [join(root, 'pipe')]).status).toBe(0)
    const store = createFileStore({ root })
    await expect(store.get('pipe')).rejects.toMatchObject({ code: 'not_found' })
    await expect(store.put('copy', { path: join(root, 'pipe') })).rejects.toThrow('it is a named pipe, not a regular file')
    await expect(store.put('copy', { path: join(root, 'pipe'), move: true })).rejects.toThrow(
      'it is a named pipe, not a regular file',
    )
    await expect(store.put('copy', { path: root })).rejects.toThrow('it is a folder, not a regular file')
    expect(await readdir(root)).toEqual(['pipe'])
  })

  it('says so in one sentence when the disk is full, and leaves nothing behind', async () => {
    async function* full(): AsyncGenerator<Uint8Array> {
      yield bytes
      throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
    }
    const store = createFileStore({ root })
    await expect(store.put('sub/object', full())).rejects.toMatchObject({
      code: 'storage',
      message: `Cannot write "sub/object": the disk is full.`,
    })
    expect(await readdir(join(root, 'sub'))).toEqual([])
  })

  it('names what lies in the way', async () => {
    const store = createFileStore({ root })
    await store.put('file', bytes)
    await expect(store.put('file/below', bytes)).rejects.toMatchObject({ code: 'failed_precondition' })
    await store.put('folder/object', bytes)
    await expect(store.put('folder', bytes)).rejects.toMatchObject({ code: 'failed_precondition' })
    await expect(store.put('x'.repeat(300), bytes)).rejects.toThrow('file systems allow 255')
  })

  it('removes what a killed writer left a day ago and hides what is being written', async () => {
    await writeFile(join(root, '.trainyard-partial-old'), 'half')
    await utimes(join(root, '.trainyard-partial-old'), 1, 1)
    await writeFile(join(root, '.trainyard-partial-new'), 'half')
    const store = createFileStore({ root })
    await store.put('object', bytes)
    expect((await readdir(root)).sort()).toEqual(['.trainyard-partial-new', 'object'])
    expect((await store.list()).objects.map((object) => object.key)).toEqual(['object'])
  })

  it('survives deletes that empty folders under its feet', async () => {
    const store = createFileStore({ root })
    const writer = async (name: string): Promise<void> => {
      for (let round = 0; round < 30; round += 1) {
        await store.put(`shared/deep/${name}`, bytes)
        await store.delete(`shared/deep/${name}`)
      }
    }
    await Promise.all(['a', 'b', 'c'].map(writer))
    expect(await readdir(root)).toEqual([])
  })
})
