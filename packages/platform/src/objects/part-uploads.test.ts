import { mkdtemp, readdir, rm, utimes } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createPartUploads, mostParts } from './part-uploads.ts'

const dayMs = 24 * 3_600_000
const nowMs = 1_700_000_000_000

async function* bytes(...chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks
}
const words = (text: string): AsyncGenerator<Uint8Array> => bytes(Buffer.from(text))

describe('uploads in parts', () => {
  let folder = ''
  beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'trainyard-parts-'))))
  afterAll(() => rm(folder, { recursive: true }))
  const open = (name = 'all') => createPartUploads(join(folder, name), { nowMs: () => nowMs })

  it('become one file, in whatever order the parts came', async () => {
    const uploads = open()
    const parts = fc.array(fc.tuple(fc.uint8Array({ maxLength: 100 }), fc.nat()), { minLength: 1, maxLength: 12 })
    await fc.assert(
      fc.asyncProperty(parts, async (given) => {
        const id = await uploads.begin('it')
        const proofs: string[] = []
        const order = given.map((_, at) => at).toSorted((left, right) => given[left]![1] - given[right]![1])
        for (const at of order) proofs[at] = await uploads.put(id, at + 1, bytes(given[at]![0]))
        const whole = await uploads.whole(
          id,
          proofs.map((proof, at) => ({ number: at + 1, proof })),
        )
        expect(await buffer(whole)).toEqual(Buffer.concat(given.map(([content]) => content)))
        await uploads.remove(id)
      }),
      { numRuns: 30 },
    )
  })

  it('remember what they are for, also in another process', async () => {
    const id = await open().begin('about it')
    expect(await open().about(id)).toBe('about it')
  })

  it('are not complete without the very parts that are named, from the first on', async () => {
    const uploads = open()
    const id = await uploads.begin('it')
    const old = await uploads.put(id, 1, words('old'))
    const proof = await uploads.put(id, 1, words('new'))
    const second = await uploads.put(id, 2, words('second'))
    const wrong = [
      [],
      [{ number: 2, proof: second }],
      [{ number: 0, proof }],
      [{ number: 1, proof: second }],
      [{ number: 1, proof: '' }],
      [{ number: 1, proof: `../${id}/about` }],
      [
        { number: 2, proof: second },
        { number: 1, proof },
      ],
      [
        { number: 1, proof },
        { number: 3, proof: second },
      ],
    ]
    for (const parts of wrong) await expect(uploads.whole(id, parts)).rejects.toMatchObject({ code: 'invalid_argument' })
    expect(old).not.toBe(proof)
    expect((await buffer(await uploads.whole(id, [{ number: 1, proof: `"${proof}"` }]))).toString()).toBe('new')
  })

  it('have ids and numbers that lead nowhere else', async () => {
    const uploads = open()
    for (const id of ['', '..', '../all', '.', 'a'.repeat(63), `${'a'.repeat(64)}/..`, 'f'.repeat(64)]) {
      await expect(uploads.about(id), id).rejects.toMatchObject({ code: 'not_found' })
      await expect(uploads.put(id, 1, words('x')), id).rejects.toMatchObject({ code: 'not_found' })
      await expect(uploads.whole(id, [{ number: 1, proof: 'x' }]), id).rejects.toMatchObject({ code: 'not_found' })
    }
    const id = await uploads.begin('it')
    for (const number of [0, -1, 1.5, Number.NaN, mostParts + 1])
      await expect(uploads.put(id, number, words('x'))).rejects.toMatchObject({ code: 'invalid_argument' })
  })

  it('keep nothing of a part that broke off, and nothing after they are given up', async () => {
    const uploads = open('broken')
    const id = await uploads.begin('it')
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('half')
      throw new Error('the line went dead')
    }
    await expect(uploads.put(id, 1, broken())).rejects.toMatchObject({ code: 'storage' })
    expect(await readdir(join(folder, 'broken', id))).toEqual(['about'])
    await uploads.remove(id)
    await uploads.remove(id)
    await expect(uploads.put(id, 1, words('x'))).rejects.toMatchObject({ code: 'not_found' })
    expect(await readdir(join(folder, 'broken'))).toEqual([])
  })

  it('are removed when nobody has touched them for a day', async () => {
    const uploads = open('old')
    await uploads.forgetOld()
    const [old, young] = [await uploads.begin('old'), await uploads.begin('young')]
    await uploads.put(old, 1, words('left behind'))
    await utimes(join(folder, 'old', young), 0, (nowMs - dayMs + 1000) / 1000)
    await utimes(join(folder, 'old', old), 0, (nowMs - dayMs - 1000) / 1000)
    await uploads.forgetOld()
    expect(await readdir(join(folder, 'old'))).toEqual([young])
  })
})
