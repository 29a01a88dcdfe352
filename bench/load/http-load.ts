import { readFileSync } from 'node:fs'
import { connect } from 'node:net'

/**
 * A process of its own that sends one kind of request from several connections, each waiting for its answer, and prints one JSON
 * line about it. Bodies are made once; of each only the digits that count requests are written anew, so that the client costs the
 * machine little. Its options come as JSON on standard input.
 */
export interface LoadOptions {
  readonly url: string
  readonly path: string
  /** One connection for each, its body with every `@@@@@@@` standing for seven digits that count its requests. */
  readonly bodies: readonly string[]
  readonly forMs: number
  readonly firstCount: number
}

export interface LoadResult {
  requests: number
  seconds: number
  /** CPU time of the client. */
  clientCpuMicroseconds: number
  /** Milliseconds from request to answer. */
  latencyMs: { median: number; p99: number; most: number }
}

const mark = '@@@@@@@'
const firstNumber = 1_000_000

async function main(options: LoadOptions): Promise<void> {
  const cpuBefore = process.cpuUsage()
  const started = performance.now()
  const until = started + options.forMs
  const latencies: number[] = []
  await Promise.all(options.bodies.map((body) => send(options, body, until, latencies)))
  const { user, system } = process.cpuUsage(cpuBefore)
  latencies.sort((left, right) => left - right)
  const at = (share: number): number => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? 0
  const result: LoadResult = {
    requests: latencies.length,
    seconds: (performance.now() - started) / 1000,
    clientCpuMicroseconds: (user + system) / latencies.length,
    latencyMs: { median: at(0.5), p99: at(0.99), most: at(1) },
  }
  process.stdout.write(`${JSON.stringify(result)}\n`)
}

function send({ url, path, firstCount }: LoadOptions, body: string, until: number, latencies: number[]): Promise<void> {
  const { host, hostname, port } = new URL(url)
  const head = `POST ${path} HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n`
  const request = Buffer.from(head + body)
  const places: number[] = []
  for (let at = request.indexOf(mark); at >= 0; at = request.indexOf(mark, at + mark.length)) places.push(at)
  let count = firstNumber + firstCount
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port), noDelay: true })
    let answer = ''
    let sentAt = 0
    let length = 0
    const next = (): void => {
      sentAt = performance.now()
      if (sentAt >= until) {
        socket.end()
        resolve()
        return
      }
      const digits = Buffer.from(String(count++))
      for (const place of places) for (let at = 0; at < mark.length; at++) request[place + at] = digits[at]!
      socket.write(request)
    }
    socket.on('connect', next)
    socket.on('error', reject)
    socket.on('close', () => reject(new Error('The server closed the connection.')))
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1')
      if (length === 0) {
        const end = answer.indexOf('\r\n\r\n')
        if (end < 0) return
        if (!answer.startsWith('HTTP/1.1 200')) return reject(new Error(answer))
        length = end + 4 + Number(/\r\ncontent-length: (\d+)/i.exec(answer)?.[1] ?? 2)
      }
      if (answer.length < length) return
      answer = ''
      length = 0
      latencies.push(performance.now() - sentAt)
      next()
    })
  })
}

await main(JSON.parse(readFileSync(0, 'utf8')) as LoadOptions)
