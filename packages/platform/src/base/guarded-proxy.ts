import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import type { Duplex } from 'node:stream'
import { AppError, isAppError } from '@trainyard/contract'
import { checkAddress, publicLookup } from './guarded-request.ts'

/** A proxy on this machine for a program of ours that asks addresses somebody else has chosen. */
export interface GuardedProxy extends AsyncDisposable {
  readonly url: string
  /** Why it last refused to connect. */
  readonly refusal: AppError | undefined
}

/**
 * Lets encrypted connections through to public addresses alone: whatever the program does, redirects included, what counts is the address
 * that is really connected to, after names are resolved here.
 */
export async function openGuardedProxy(): Promise<GuardedProxy> {
  let refusal: AppError | undefined
  const open = new Set<Duplex>()
  const server = createServer((asked, answer) => {
    refusal = new AppError('permission_denied', `${(asked.url ?? '').slice(0, 200)} is not encrypted; use https.`)
    answer.writeHead(403).end()
  })
  const keep = (stream: Duplex): void => {
    open.add(stream)
    stream.on('error', () => stream.destroy()).once('close', () => open.delete(stream))
  }
  server.on('connect', (asked: IncomingMessage, client: Duplex, head: Buffer) => {
    keep(client)
    const refuse = (error: unknown): void => {
      if (isAppError(error)) refusal = error
      client.end(`HTTP/1.1 ${isAppError(error) ? '403 Forbidden' : '502 Bad Gateway'}\r\n\r\n`)
    }
    try {
      const { hostname, port } = checkAddress(`https://${asked.url ?? ''}/`, false)
      const host = hostname.replace(/^\[|\]$/g, '')
      let isOpen = false
      const remote = connect({ host, port: port === '' ? 443 : Number(port), lookup: publicLookup }, () => {
        isOpen = true
        client.write('HTTP/1.1 200 Connection Established\r\n\r\n')
        remote.write(head)
        remote.pipe(client).pipe(remote)
      })
      keep(remote)
      // Within a tunnel a sentence of ours would be taken for the other side's.
      remote.once('error', (error) => (isOpen ? client.destroy() : refuse(error)))
      client.once('close', () => remote.destroy())
    } catch (error) {
      refuse(error)
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get refusal() {
      return refusal
    },
    async [Symbol.asyncDispose]() {
      for (const stream of open) stream.destroy()
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
