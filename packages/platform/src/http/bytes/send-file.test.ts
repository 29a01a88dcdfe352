import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type FileHandle, mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { createServer, get, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { isSentInPieces, sendFile } from './send-file.ts'

const bytes = randomBytes(5_000_003)
let folder: string
let handle: FileHandle
let server: Server
let answer: (response: ServerResponse) => Promise<void>
let outcome: PromiseWithResolvers<unknown>

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trainyard-send-'))
  await writeFile(join(folder, 'file'), bytes)
  handle = await open(join(folder, 'file'))
  outcome = Promise.withResolvers()
  server = createServer((_request, response) => {
    answer(response).then(
      () => outcome.resolve('sent'),
      (error: unknown) => {
        response.destroy()
        outcome.resolve(error)
      },
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
})
afterEach(async () => {
  server.closeAllConnections()
  server.close()
  await handle.close()
  await rm(folder, { recursive: true })
})

const address = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
const hashOf = (part: Uint8Array): string => createHash('sha256').update(part).digest('hex')

test.each([
  [0, bytes.length],
  [1, 1_048_577],
  [4_999_000, 1_003],
  [17, 3],
])('a file from %i on, %i bytes of it, arrives as it lies there, however slowly it is read', async (offset, lengthBytes) => {
  answer = (response) => sendFile(handle, { offset, lengthBytes }, response)
  const [response] = (await once(get(address()), 'response')) as [AsyncIterable<Uint8Array>]
  const hash = createHash('sha256')
  for await (const chunk of response) {
    hash.update(chunk)
    await new Promise(setImmediate)
  }
  expect(hash.digest('hex')).toBe(hashOf(bytes.subarray(offset, offset + lengthBytes)))
  expect(await outcome.promise).toBe('sent')
})

test('a client that goes away ends the sending, and a file that became shorter is told', async () => {
  answer = (response) => sendFile(handle, { offset: 0, lengthBytes: bytes.length }, response)
  const request = get(address())
  const [begun] = (await once(request, 'response')) as [NodeJS.ReadableStream]
  await once(begun, 'readable')
  request.destroy()
  expect(await outcome.promise).toMatchObject({ code: 'aborted' })

  outcome = Promise.withResolvers()
  answer = (response) => sendFile(handle, { offset: 0, lengthBytes: bytes.length + 1 }, response)
  await expect(fetch(address()).then((each) => each.arrayBuffer())).rejects.toThrow()
  expect(await outcome.promise).toMatchObject({ code: 'storage' })
})

test('pieces are for files of which two are less than the whole', () => {
  expect([1024 * 1024, 1024 * 1024 + 1].map(isSentInPieces)).toEqual([false, true])
})
