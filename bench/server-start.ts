import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Figure, medianOf } from './load/figure.ts'
import { Serving } from './load/serving.ts'

const starts = 7

/** From the command to the first answer, in a new data directory; then what it holds when nobody asks. */
export async function measure(): Promise<Figure[]> {
  const times: number[] = []
  const bareTimes: number[] = []
  let idleMegabytes = 0
  for (let at = 0; at < starts; at++) {
    const folder = mkdtempSync(join(tmpdir(), 'trainyard-bench-'))
    try {
      const started = performance.now()
      await using server = await Serving.ours(join(folder, 'data'))
      const health = await fetch(`${server.url}/health`)
      await health.text()
      times.push(performance.now() - started)
      await using bare = await Serving.bare()
      bareTimes.push(bare.startMs)
      if (at > 0) continue
      await sleep(2_000)
      idleMegabytes = server.residentMegabytes()
    } finally {
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
    }
  }
  return [
    { name: 'server: start to first answer', value: medianOf(times), unit: 'ms', baseline: medianOf(bareTimes), budget: 700 },
    { name: 'server: memory when idle', value: idleMegabytes, unit: 'MB', budget: 150 },
  ]
}
