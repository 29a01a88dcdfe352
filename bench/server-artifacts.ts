import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Figure } from './load/figure.ts'
import { Serving } from './load/serving.ts'

const megabyte = 1024 * 1024
const times = 200
const streams = 2
const largeMegabytes = 5 * 1024

/** Whole files over loopback through the artifact proxy, and the memory of the server while it passes a large one on. */
export async function measure(): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'trainyard-bench-'))
  try {
    await using server = await Serving.ours(join(folder, 'data'))
    const run = await server.createRun()
    const root = `/api/2.0/mlflow-artifacts/artifacts/0/${run}/artifacts`
    const piece = Buffer.alloc(megabyte, 0x5a)
    const put = (name: string, megabytes: number) => exchange(server.url, 'PUT', `${root}/${name}`, piece, megabytes)
    const get = (name: string) => exchange(server.url, 'GET', `${root}/${name}`, piece, 0)
    const measureRate = async (action: (at: number) => Promise<void>) => {
      for (let at = 0; at < 8; at++) await action(at)
      const cpuBefore = server.cpuSeconds()
      const started = performance.now()
      let next = 0
      const work = async () => {
        while (next < times) await action(next++)
      }
      await Promise.all(Array.from({ length: streams }, work))
      const seconds = (performance.now() - started) / 1000
      return { rate: times / seconds, cpuMs: ((server.cpuSeconds() - cpuBefore) * 1000) / times }
    }
    const up = await measureRate((at) => put(`file-${at % 4}.bin`, 10))
    const down = await measureRate((at) => get(`file-${at % 4}.bin`))
    const before = server.residentMegabytes()
    let most = before
    const watch = setInterval(() => (most = Math.max(most, server.residentMegabytes())), 20)
    await put('large.bin', largeMegabytes)
    await get('large.bin')
    clearInterval(watch)
    return [
      { name: 'artifact of 10 MB: down', value: down.rate, unit: '/s', budget: 300, higherIsBetter: true },
      { name: 'artifact of 10 MB: down, server CPU', value: down.cpuMs, unit: 'ms' },
      { name: 'artifact of 10 MB: up', value: up.rate, unit: '/s', budget: 100, higherIsBetter: true },
      { name: 'artifact of 10 MB: up, server CPU', value: up.cpuMs, unit: 'ms' },
      { name: 'artifact of 5 GB up and down: more memory of the server', value: most - before, unit: 'MB', budget: 60 },
    ]
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** A bare socket that reads into one buffer: Node's own client costs more than the server. */
function exchange(url: string, method: 'GET' | 'PUT', path: string, piece: Buffer, megabytes: number): Promise<void> {
  const { host, hostname, port } = new URL(url)
  return new Promise((resolve, reject) => {
    const target = Buffer.alloc(megabyte)
    let left: number | undefined
    const take = (count: number): boolean => {
      let bytes = count
      if (left === undefined) {
        const end = target.indexOf('\r\n\r\n') + 4
        const head = target.toString('latin1', 0, end)
        if (end < 4 || !head.startsWith('HTTP/1.1 200')) {
          reject(new Error(`${method} ${path}: ${target.toString('utf8', 0, Math.min(count, 300))}`))
          return false
        }
        left = Number(/\r\ncontent-length: (\d+)/i.exec(head)![1])
        bytes -= end
      }
      left -= bytes
      if (left === 0) resolve(void socket.end())
      return true
    }
    const socket = connect({ host: hostname, port: Number(port), onread: { buffer: target, callback: take } })
    socket.on('error', reject)
    const length = method === 'PUT' ? `content-length: ${megabytes * megabyte}\r\n` : ''
    socket.write(`${method} ${path} HTTP/1.1\r\nhost: ${host}\r\n${length}connection: close\r\n\r\n`)
    const next = (at: number): void => {
      if (at === megabytes) return
      if (socket.write(piece)) next(at + 1)
      else socket.once('drain', () => next(at + 1))
    }
    next(0)
  })
}
