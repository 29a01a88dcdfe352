import { once } from 'node:events'
import { connect } from 'node:net'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { openServer } from './testing/open-server.ts'

test.each([
  ['/api/trainyard/v1/runs', '"code":"unavailable"'],
  ['/api/2.0/mlflow/experiments/get?experiment_id=0', '"error_code":"TEMPORARILY_UNAVAILABLE"'],
  ['/version', 'The server is stopping'],
])('what is asked of a server that stops is refused in the words of its interface: %s', async (path, refusal) => {
  await using server = await openServer()
  await server.app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = server.app.server.address() as AddressInfo
  const socket = connect(port, '127.0.0.1')
  const answers = text(socket)
  await once(socket, 'connect')
  const arrived = once(server.app.server, 'request')
  socket.write('POST /api/trainyard/v1/runs/get HTTP/1.1\r\nhost: localhost\r\n')
  socket.write('content-type: application/json\r\ncontent-length: 11\r\n\r\n{"runs"')
  await arrived
  // Stopping begins with a request under way, and another comes behind it over the same connection.
  const closing = server.app.close()
  await new Promise((resolve) => setImmediate(resolve))
  socket.write(`:[]}GET ${path} HTTP/1.1\r\nhost: localhost\r\n\r\n`)
  const answered = await answers
  await closing
  expect(answered.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 503'])
  expect(answered).toContain(refusal)
})
