import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { listAll, type ObjectStore } from '../object-store.ts'

const text = (value: string): Uint8Array => new TextEncoder().encode(value)
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
const readAll = async (store: ObjectStore, key: string, range: { offset?: number; lengthBytes?: number } = {}): Promise<Buffer> =>
  buffer((await store.get(key, range)).stream)

/** Bytes that repeat at no simple distance, in pieces of uneven size. */
async function* stream(sizeBytes: number): AsyncGenerator<Uint8Array> {
  for (let done = 0, piece = 0; done < sizeBytes; piece += 1) {
    const size = Math.min(sizeBytes - done, 60_000 + (piece % 7) * 1_111)
    yield Buffer.alloc(size, `${piece}-`)
    done += size
  }
}

export interface SuiteOptions {
  /** Opens an empty store. */
  open: () => Promise<ObjectStore>
  close?: () => Promise<void>
  /** Whether `head` knows the SHA-256 of stored bytes. */
  keepsSha256: boolean
}

/** What every driver promises. A driver is done when this passes. */
export function objectStoreSuite(name: string, options: SuiteOptions): void {
  describe(`object store: ${name}`, () => {
    let store: ObjectStore
    let folder: string
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'trainyard-objects-'))
      store = await options.open()
    }, 120_000)
    afterAll(async () => {
      await options.close?.()
      await rm(folder, { recursive: true, force: true })
    })

    describe('objects', () => {
      it('returns the bytes that were put, with size and SHA-256', async () => {
        const bytes = text('weights')
        const stored = await store.put('plain/model.bin', bytes)
        expect(stored).toEqual({ sizeBytes: 7, sha256: sha256(bytes) })
        const { info, stream: content } = await store.get('plain/model.bin')
        expect(await buffer(content)).toEqual(Buffer.from(bytes))
        expect(info).toMatchObject({ key: 'plain/model.bin', sizeBytes: 7 })
        const head = await store.head('plain/model.bin')
        expect(head).toMatchObject({ key: 'plain/model.bin', sizeBytes: 7 })
        expect(Math.abs(Date.now() - (head?.modifiedAtMs ?? 0))).toBeLessThan(10 * 60_000)
        if (options.keepsSha256) expect(head?.sha256).toBe(stored.sha256)
      })

      it.each([
        'keys/with space.txt',
        'keys/plus+and&amp=?.txt',
        'keys/100%25 #1.txt',
        'keys/modèle-模型-🚂.txt',
        'keys/quote\'"`$(x).txt',
        'keys/.hidden',
        'keys/-dash',
        'keys/back\\slash',
        'keys/a~b!(c)*',
      ])('keeps the key %j', async (key) => {
        await store.put(key, text(key))
        expect((await readAll(store, key)).toString()).toBe(key)
        const page = await store.list({ prefix: 'keys/' })
        expect(page.objects.map((object) => object.key)).toContain(key)
        await store.delete(key)
        expect(await store.head(key)).toBeUndefined()
      })

      it('stores empty objects', async () => {
        const stored = await store.put('empty', new Uint8Array())
        expect(stored).toEqual({ sizeBytes: 0, sha256: sha256(new Uint8Array()) })
        expect(await store.head('empty')).toMatchObject({ sizeBytes: 0 })
        expect(await readAll(store, 'empty')).toHaveLength(0)
        expect(await readAll(store, 'empty', { offset: 3, lengthBytes: 5 })).toHaveLength(0)
      })

      it('streams 20 MB both ways', async () => {
        const sizeBytes = 20 * 1000 * 1000
        const seen: number[] = []
        const stored = await store.put('big', stream(sizeBytes), { onProgress: (done) => seen.push(done) })
        const hash = createHash('sha256')
        for await (const chunk of stream(sizeBytes)) hash.update(chunk)
        expect(stored).toEqual({ sizeBytes, sha256: hash.digest('hex') })
        const back = createHash('sha256')
        for await (const chunk of (await store.get('big')).stream) back.update(chunk as Uint8Array)
        expect(back.digest('hex')).toBe(stored.sha256)
        expect(seen.at(-1)).toBe(sizeBytes)
      })

      it('stores local files, and moves them when asked', async () => {
        const path = join(folder, 'local.bin')
        await writeFile(path, 'local bytes')
        expect(await store.put('from-file', { path })).toEqual({ sizeBytes: 11, sha256: sha256(text('local bytes')) })
        expect(await readFile(path, 'utf8')).toBe('local bytes')
        expect(await store.put('moved', { path, move: true })).toEqual({ sizeBytes: 11, sha256: sha256(text('local bytes')) })
        await expect(readFile(path)).rejects.toThrow('ENOENT')
        expect((await readAll(store, 'moved')).toString()).toBe('local bytes')
      })

      it('refuses bytes that are not the promised ones and keeps the old object', async () => {
        await store.put('promised', text('old'))
        await expect(store.put('promised', text('new'), { sha256: sha256(text('other')) })).rejects.toMatchObject({
          code: 'storage',
        })
        expect((await readAll(store, 'promised')).toString()).toBe('old')
      })
    })

    describe('ranges', () => {
      it.each([
        [{ offset: 2, lengthBytes: 3 }, '234'],
        [{ offset: 7 }, '789'],
        [{ lengthBytes: 4 }, '0123'],
        [{ offset: 8, lengthBytes: 100 }, '89'],
        [{ offset: 10 }, ''],
        [{ offset: 99, lengthBytes: 1 }, ''],
        [{ offset: 3, lengthBytes: 0 }, ''],
      ])('reads %j', async (range, expected) => {
        await store.put('digits', text('0123456789'))
        const { info, stream: content } = await store.get('digits', range)
        expect((await buffer(content)).toString()).toBe(expected)
        expect(info.sizeBytes).toBe(10)
      })

      it('refuses a negative offset', async () => {
        await expect(store.get('digits', { offset: -1 })).rejects.toMatchObject({ code: 'invalid_argument' })
      })
    })

    describe('missing objects', () => {
      it('tells not_found on get, undefined on head, and deletes without complaint', async () => {
        await expect(store.get('no/such/object')).rejects.toMatchObject({ code: 'not_found' })
        expect(await store.head('no/such/object')).toBeUndefined()
        await store.delete('no/such/object')
      })

      it('is missing after delete, twice', async () => {
        await store.put('gone/soon', text('x'))
        await store.delete('gone/soon')
        await store.delete('gone/soon')
        await expect(store.get('gone/soon')).rejects.toMatchObject({ code: 'not_found' })
        expect((await store.list({ prefix: 'gone/' })).objects).toEqual([])
        expect((await store.list({ delimiter: '/' })).prefixes).not.toContain('gone/')
      })
    })

    it.each(['', '/absolute', 'a//b', 'a/../b', '../up', '.', 'a/', 'nul\0', 'x'.repeat(1025), '\ud800'])(
      'refuses the key %j',
      async (key) => {
        await expect(store.put(key, text('x'))).rejects.toMatchObject({ code: 'invalid_argument' })
        await expect(store.get(key)).rejects.toMatchObject({ code: 'invalid_argument' })
      },
    )

    describe('overwriting', () => {
      it('shows readers the old object or the new one, never a part', async () => {
        const versions = [0, 1].map((version) => Buffer.alloc(300_000, `${version}`))
        await store.put('contended', versions[0]!)
        const finished = new AbortController()
        const seen = new Set<string>()
        const reader = async (): Promise<void> => {
          while (!finished.signal.aborted) seen.add(sha256(await readAll(store, 'contended')))
        }
        const readers = [reader(), reader(), reader()]
        for (let round = 0; round < 12; round += 1) await store.put('contended', versions[round % 2]!)
        finished.abort()
        await Promise.all(readers)
        expect([...seen].filter((hash) => !versions.map(sha256).includes(hash))).toEqual([])
      })

      it('keeps the old object, and nothing else, when a body fails midway', async () => {
        await store.put('fragile/object', text('old'))
        async function* failing(): AsyncGenerator<Uint8Array> {
          yield Buffer.alloc(100_000)
          throw new Error('the source broke')
        }
        await expect(store.put('fragile/object', failing())).rejects.toThrow('the source broke')
        await expect(store.put('fragile/other', failing())).rejects.toThrow('the source broke')
        expect((await readAll(store, 'fragile/object')).toString()).toBe('old')
        expect((await store.list({ prefix: 'fragile/' })).objects.map((object) => object.key)).toEqual(['fragile/object'])
      })

      it('lets exactly one of several putIfAbsent win', async () => {
        if (!store.putIfAbsent) return
        const answers = await Promise.all(
          [1, 2, 3, 4].map(async (number) => store.putIfAbsent?.('claim', text(`writer ${number}`))),
        )
        expect(answers.filter(Boolean)).toHaveLength(1)
        const winner = answers.findIndex(Boolean) + 1
        expect((await readAll(store, 'claim')).toString()).toBe(`writer ${winner}`)
        expect(await store.putIfAbsent('claim', text('late'))).toBeNull()
      })

      it('copies inside the store', async () => {
        if (!store.copy) return
        await store.put('copy/from me+you', text('content'))
        await store.copy('copy/from me+you', 'copy/to')
        expect((await readAll(store, 'copy/to')).toString()).toBe('content')
        await expect(store.copy('copy/missing', 'copy/to')).rejects.toMatchObject({ code: 'not_found' })
      })
    })

    describe('listing', () => {
      const keys = ['l/a', 'l/a.txt', 'l/a/1', 'l/a/2/deep', 'l/b-é', 'l/b', 'l/c/x', 'l/z']
      beforeAll(async () => {
        // A file and a folder of one name cannot both be on a disk, so "l/a" is left to stores that are not one.
        for (const key of keys.slice(1)) await store.put(key, text(key))
      })
      const expected = keys.slice(1).sort((left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right)))

      it('lists below a prefix in order of the keys', async () => {
        const page = await store.list({ prefix: 'l/' })
        expect(page.objects.map((object) => object.key)).toEqual(expected)
        expect(page.objects[0]?.sizeBytes).toBe(expected[0]!.length)
        expect(page.next).toBeNull()
      })

      it.each([1, 2, 3, 50])('pages of %i hold every key once', async (limit) => {
        const seen: string[] = []
        for await (const object of listAll(store, { prefix: 'l/', limit })) seen.push(object.key)
        expect(seen).toEqual(expected)
      })

      it('folds folders with a delimiter, in pages too', async () => {
        const whole = await store.list({ prefix: 'l/', delimiter: '/' })
        expect(whole.prefixes).toEqual(['l/a/', 'l/c/'])
        expect(whole.objects.map((object) => object.key)).toEqual(['l/a.txt', 'l/b', 'l/b-é', 'l/z'])
        const seen: string[] = []
        let cursor: string | undefined
        do {
          const page = await store.list({ prefix: 'l/', delimiter: '/', limit: 2, ...(cursor ? { cursor } : {}) })
          seen.push(...page.objects.map((object) => object.key), ...page.prefixes)
          cursor = page.next ?? undefined
        } while (cursor)
        expect(seen.sort()).toEqual([...whole.objects.map((object) => object.key), ...whole.prefixes].sort())
      })

      it('takes a prefix that ends inside a name', async () => {
        const page = await store.list({ prefix: 'l/b' })
        expect(page.objects.map((object) => object.key)).toEqual(['l/b', 'l/b-é'])
        expect((await store.list({ prefix: 'nothing/here' })).objects).toEqual([])
      })
    })

    it('stops at once when the signal has fired or fires', async () => {
      await expect(store.put('cancelled', text('x'), { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'aborted' })
      const controller = new AbortController()
      async function* stuck(): AsyncGenerator<Uint8Array> {
        yield Buffer.alloc(10)
        queueMicrotask(() => controller.abort())
        await new Promise(() => undefined)
      }
      await expect(store.put('cancelled', stuck(), { signal: controller.signal })).rejects.toMatchObject({ code: 'aborted' })
      expect(await store.head('cancelled')).toBeUndefined()
    })
  })
}
