import http from 'node:http'
import https from 'node:https'
import { HarnessError } from '../../context/run-error.ts'

/** What a server of functions answered. */
export interface EndpointAnswer {
  status: number
  headers: http.IncomingHttpHeaders
  text: string
}

const answerLimitBytes = 64 << 20
/** Nuclio sends what the handler logged in a header; Node refuses more than 16 KiB of them unless told. */
const headersLimitBytes = 16 << 20
const keepAliveMs = 30_000

/** Methods that a server does not know, for it has done nothing then: `http.server` of Python says 501. */
const methodUnknown = new Set([405, 501])

/**
 * Sends the run and waits for the answer, however long it takes: the run's own time-out ends the wait with the process. Follows no
 * redirects. Sent once; only where the server takes no POST at all, again as a PUT, which is what MLRun's client sends.
 */
export async function sendRun(address: URL, body: string): Promise<EndpointAnswer> {
  const answer = await send('POST', address, body)
  return methodUnknown.has(answer.status) ? await send('PUT', address, body) : answer
}

function send(method: string, address: URL, body: string): Promise<EndpointAnswer> {
  const { request } = address.protocol === 'https:' ? https : http
  const bytes = Buffer.from(body)
  const headers = { 'content-type': 'application/json', 'content-length': bytes.length, 'x-nuclio-log-level': 'info' }
  return new Promise((resolve, reject) => {
    let connected = false
    const fail = (error: Error): void => reject(asSentence(error, address, connected))
    const call = request(address, { method, headers, agent: false, maxHeaderSize: headersLimitBytes }, (response) => {
      readText(response).then(
        (text) => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
        (error: Error) => fail(error),
      )
    })
    call.on('error', fail)
    call.on('socket', (socket) => {
      // A function that trains for hours sends nothing meanwhile, and gateways forget connections that are silent.
      socket.setKeepAlive(true, keepAliveMs)
      socket.once(address.protocol === 'https:' ? 'secureConnect' : 'connect', () => {
        connected = true
      })
    })
    call.end(bytes)
  })
}

async function readText(response: http.IncomingMessage): Promise<string> {
  const pieces: Buffer[] = []
  let sizeBytes = 0
  for await (const piece of response as AsyncIterable<Buffer>) {
    sizeBytes += piece.length
    if (sizeBytes > answerLimitBytes)
      throw new HarnessError('bad_answer', `The function's answer is larger than ${answerLimitBytes >> 20} MiB.`)
    pieces.push(piece)
  }
  return Buffer.concat(pieces).toString('utf8')
}

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there; start its server, or correct the address',
  ENOTFOUND: 'there is no such host',
  EAI_AGAIN: 'the name of its host could not be looked up',
  ETIMEDOUT: 'its host does not answer',
  EHOSTUNREACH: 'there is no way to its host',
  ENETUNREACH: 'there is no way to its network',
  EPROTO: 'it does not speak TLS; begin the address with http://',
}

const codeOf = (error: Error): string => ('code' in error && typeof error.code === 'string' ? error.code : '')

function asSentence(error: Error, { href, protocol }: URL, connected: boolean): Error {
  if (error instanceof HarnessError) return error
  const code = codeOf(error)
  const reason = reasons[code]
  if (reason !== undefined && !connected) return new HarnessError('unreachable', `${href} could not be reached: ${reason}.`)
  if (protocol === 'https:' && !connected && code !== 'ECONNRESET')
    return new HarnessError(
      'unreachable',
      `The certificate of ${href} is not trusted (${error.message}): set NODE_EXTRA_CA_CERTS to the file of its authority.`,
    )
  if (code.startsWith('HPE_'))
    return new HarnessError('bad_answer', `${href} does not speak HTTP as it should: ${error.message}.`)
  return new HarnessError(
    'unreachable',
    `${href} broke the connection before it had answered (${error.message}); it may have begun the run.`,
  )
}
