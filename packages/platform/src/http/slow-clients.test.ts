import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { cutSlowClients } from './slow-clients.ts'

const sizeBytes = 2 * 1024 * 1024
// One piece: until all of it is taken, the public counters of the connection stand still.
const server = createServer((_request, response) => void response.end(Buffer.alloc(sizeBytes, 'x')))
let port: number
let watch: Disposable
beforeEach(async () => {
  watch = cutSlowClients(server, { lookEveryMs: 500, leastBytes: 100, looks: 3 })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  port = (server.address() as AddressInfo).port
})
afterEach(async () => {
  watch[Symbol.dispose]()
  server.closeAllConnections()
  server.close()
  await once(server, 'close')
})

/** 400 kB/s at most: for longer than a client without progress is waited for. */
const slowReader = `
import socket, sys, time
client = socket.socket()
client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
client.connect(('127.0.0.1', int(sys.argv[1])))
client.sendall(b'GET / HTTP/1.1\\r\\nHost: here\\r\\nConnection: close\\r\\n\\r\\n')
taken = 0
while True:
    piece = client.recv(4096)
    if not piece: break
    taken += len(piece)
    time.sleep(0.01)
print(taken)
`

test('a client that takes a large piece slowly but steadily gets all of it', async () => {
  const reader = spawn(process.env['TRAINYARD_TEST_PYTHON'] ?? 'python3', ['-c', slowReader, String(port)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  expect(Number(await text(reader.stdout))).toBeGreaterThan(sizeBytes)
})

test('a client that takes nothing is cut', async () => {
  const client = connect({ port, host: '127.0.0.1' })
  client.on('error', () => undefined).pause()
  client.write('GET / HTTP/1.1\r\nHost: here\r\n\r\n')
  const [connection] = (await once(server, 'request').then(([request]) => [request.socket])) as [NodeJS.EventEmitter]
  await once(connection, 'close')
  client.destroy()
})
