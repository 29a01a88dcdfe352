import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Figure } from './load/figure.ts'
import { Serving } from './load/serving.ts'

const megabyte = 1024 * 1024
const rounds = 3
const timesPerRound = 60
const streams = 2
const largeMegabytes = 5 * 1024
const piece = Buffer.alloc(megabyte, 0x5a)

interface Turn {
  rate: number
  cpuMs: number
}

/**
 * Whole files over loopback through the artifact proxy, and the memory of the server while it passes a large one on. The baseline is
 * a bare server of files, its turns alternating with ours; of three rounds the best of each counts.
 */
export async function measure(): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'trainyard-bench-'))
  try {
    await using ours = await Serving.ours(join(folder, 'data'))
    await using bare = await Serving.bareFiles(folder)
    const run = await ours.createRun()
    const places = [
      { server: bare, root: '', turns: { up: [] as Turn[], down: [] as Turn[] } },
      {
        server: ours,
        root: `/api/2.0/mlflow-artifacts/artifacts/0/${run}/artifacts`,
        turns: { up: [] as Turn[], down: [] as Turn[] },
      },
    ] as const
    for (let round = 0; round < rounds; round++) {
      for (const { server, root, turns } of places) {
        turns.up.push(await turn(server, (at) => put(server, `${root}/file-${at % 4}.bin`, 10)))
        turns.down.push(await turn(server, (at) => get(server, `${root}/file-${at % 4}.bin`)))
      }
    }
    const [{ turns: least }, { root, turns }] = places
    const figures = (['down', 'up'] as const).flatMap((way): Figure[] => [
      {
        name: `artifact of 10 MB: ${way}`,
        value: mostRate(turns[way]),
        unit: '/s',
        baseline: mostRate(least[way]),
        budget: way === 'down' ? 300 : 100,
        higherIsBetter: true,
      },
      { name: `artifact of 10 MB: ${way}, server CPU`, value: leastCpu(turns[way]), unit: 'ms', baseline: leastCpu(least[way]) },
    ])
    return [...figures, await memory(ours, `${root}/large.bin`)]
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

const mostRate = (turns: readonly Turn[]): number => Math.max(...turns.map(({ rate }) => rate))
const leastCpu = (turns: readonly Turn[]): number => Math.min(...turns.map(({ cpuMs }) => cpuMs))

const put = (server: Serving, path: string, megabytes: number) => exchange(server.url, 'PUT', path, megabytes)
const get = (server: Serving, path: string) => exchange(server.url, 'GET', path, 0)

async function turn(server: Serving, action: (at: number) => Promise<void>): Promise<Turn> {
  for (let at = 0; at < 8; at++) await action(at)
  const cpuBefore = server.cpuSeconds()
  const started = performance.now()
  let next = 0
  const work = async () => {
    while (next < timesPerRound) await action(next++)
  }
  await Promise.all(Array.from({ length: streams }, work))
  const seconds = (performance.now() - started) / 1000
  return { rate: timesPerRound / seconds, cpuMs: ((server.cpuSeconds() - cpuBefore) * 1000) / timesPerRound }
}

async function memory(server: Serving, path: string): Promise<Figure> {
  const before = server.residentMegabytes()
  let most = before
  const watch = setInterval(() => (most = Math.max(most, server.residentMegabytes())), 20)
  await put(server, path, largeMegabytes)
  await get(server, path)
  clearInterval(watch)
  return { name: 'artifact of 5 GB up and down: more memory of the server', value: most - before, unit: 'MB', budget: 60 }
}

/** A bare socket that reads into one buffer: Node's own client costs more than the server. */
function exchange(url: string, method: 'GET' | 'PUT', path: string, megabytes: number): Promise<void> {
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
