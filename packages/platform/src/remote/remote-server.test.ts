import { expect, it } from 'vitest'
import { RemoteServer } from './remote-server.ts'

it('what answers with a page of its own is told apart from a server, in one sentence', async () => {
  const page = (status: number) => () => Promise.resolve(new Response('<!doctype html><title>x</title>', { status }))
  const url = 'http://127.0.0.1:5000'
  for (const status of [400, 501]) {
    const server = new RemoteServer({ url, fetch: page(status) })
    await expect(server.json('POST', '/jobs', { body: {} })).rejects.toThrow(
      `What answers at ${url} is no Trainyard server: it sent a page, with status ${status}.`,
    )
  }
  const plain = new RemoteServer({ url, fetch: () => Promise.resolve(new Response('no', { status: 400 })) })
  await expect(plain.json('POST', '/jobs', { body: {} })).rejects.toThrow(`The server ${url} answered 400: no.`)
})
