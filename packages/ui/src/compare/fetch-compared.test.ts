import { afterEach, expect, test, vi } from 'vitest'
import { fetchCompared } from './fetch-compared.ts'

afterEach(() => vi.unstubAllGlobals())

/** A server of which `found` are the iterations that are left. */
function serve(runs: readonly object[], found: Readonly<Record<string, object>>, otherwise = 404): void {
  vi.stubGlobal('fetch', (address: string) => {
    const id = address.split('/').at(-1)!
    if (id === 'get') return Promise.resolve(Response.json({ runs }))
    const run = found[id]
    return Promise.resolve(run ? Response.json(run) : Response.json({ error: { message: 'gone' } }, { status: otherwise }))
  })
}

const sweep = (id: string, bestRunId: string) => ({ id, parameters: { own: id }, sweep: { bestRunId } })

test('sweeps stand with the parameters of their best iteration; one that was deleted for good leaves the others as they are', async () => {
  serve([sweep('a', 'a1'), sweep('b', 'b1')], { b1: { id: 'b1', parameters: { depth: 3 } } })
  const runs = await fetchCompared(['a', 'b'], new AbortController().signal)
  expect(runs.map(({ parameters }) => parameters)).toEqual([{ own: 'a' }, { own: 'b', depth: 3 }])
})

test('a server that fails is told', async () => {
  serve([sweep('a', 'a1')], {}, 500)
  await expect(fetchCompared(['a'], new AbortController().signal)).rejects.toThrow('gone')
})
