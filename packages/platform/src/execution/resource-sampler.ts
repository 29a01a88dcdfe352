import { readFileSync } from 'node:fs'
import type { Clock } from '../base/clock.ts'
import type { MetricRecords } from '../tracking/tracking.ts'
import { gpuUsage } from './gpus.ts'
import { readProcessStat, sessionMembers } from './process-identity.ts'

const ticksPerSecond = 100
const pageBytes = 4096

interface Usage {
  cpuTicks: number
  memoryBytes: number
}

/** CPU time so far and resident memory of everything in a session. Shared pages count once per process, as in `ps`. */
function usageOf(session: number): Usage {
  let cpuTicks = 0
  let memoryBytes = 0
  for (const pid of sessionMembers(session)) {
    cpuTicks += readProcessStat(pid)?.cpuTicks ?? 0
    try {
      memoryBytes += Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1] ?? 0) * pageBytes
    } catch {
      // It ended between the listing and now.
    }
  }
  return { cpuTicks, memoryBytes }
}

/**
 * Samples CPU, memory and GPUs of a run's processes into series named `system/…`, every `everyMs`. The step counts samples.
 * Stops itself when disposed; a failed write is reported once and ends the sampling, never the run.
 */
export function sampleResources(options: {
  runId: string
  session: number
  everyMs: number
  metrics: MetricRecords
  clock: Clock
  onFailure: (error: unknown) => void
}): Disposable {
  let step = 0
  let before: (Usage & { atMs: number }) | undefined
  const sample = async (): Promise<void> => {
    const [usage, gpus] = [usageOf(options.session), await gpuUsage()]
    const timeMs = options.clock.nowMs()
    const elapsedMs = before === undefined ? 0 : timeMs - before.atMs
    const points = [{ key: 'system/memory_bytes', value: usage.memoryBytes }, ...gpus]
    if (before !== undefined && elapsedMs > 0) {
      const busyMs = ((usage.cpuTicks - before.cpuTicks) / ticksPerSecond) * 1000
      points.push({ key: 'system/cpu_percent', value: Math.max(0, (busyMs / elapsedMs) * 100) })
    }
    before = { ...usage, atMs: timeMs }
    await options.metrics.append(
      options.runId,
      points.map((point) => ({ ...point, step, timeMs })),
    )
    step++
  }
  const timer = setInterval(() => {
    sample().catch((error: unknown) => {
      clearInterval(timer)
      options.onFailure(error)
    })
  }, options.everyMs)
  timer.unref()
  return { [Symbol.dispose]: () => clearInterval(timer) }
}
