import { readFileSync } from 'node:fs'
import type { Clock } from '../base/clock.ts'
import type { MetricRecords } from '../tracking/tracking.ts'
import { gpuUsage, type GpuQuestion } from './gpus.ts'
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
 * Samples CPU, memory and GPUs of a run's processes into series named `system/…`, every `everyMs`, one sample at a time: what is slower
 * leaves samples out. The step counts samples. Stops itself when disposed, after which nothing is written; a failed write is reported
 * once and ends the sampling, never the run.
 */
export function sampleResources(options: {
  runId: string
  session: number
  everyMs: number
  metrics: Pick<MetricRecords, 'append'>
  clock: Clock
  environment: GpuQuestion['environment']
  onFailure: (error: unknown) => void
}): Disposable {
  let step = 0
  let before: (Usage & { atMs: number }) | undefined
  let [isSampling, isStopped, gpusAnswer] = [false, false, true]
  const askGpus = async (): Promise<{ key: string; value: number }[]> => {
    const told = gpusAnswer ? await gpuUsage(options) : []
    gpusAnswer = told !== undefined
    return told ?? []
  }
  const sample = async (): Promise<void> => {
    const [usage, timeMs] = [usageOf(options.session), options.clock.nowMs()]
    const elapsedMs = before === undefined ? 0 : timeMs - before.atMs
    const points = [{ key: 'system/memory_bytes', value: usage.memoryBytes }]
    if (before !== undefined && elapsedMs > 0) {
      const busyMs = ((usage.cpuTicks - before.cpuTicks) / ticksPerSecond) * 1000
      points.push({ key: 'system/cpu_percent', value: Math.max(0, (busyMs / elapsedMs) * 100) })
    }
    before = { ...usage, atMs: timeMs }
    points.push(...(await askGpus()))
    if (isStopped) return
    await options.metrics.append(
      options.runId,
      points.map((point) => ({ ...point, step, timeMs })),
    )
    step++
  }
  const stop = (): void => {
    isStopped = true
    clearInterval(timer)
  }
  const timer = setInterval(() => {
    if (isSampling) return
    isSampling = true
    sample()
      .catch((error: unknown) => {
        stop()
        options.onFailure(error)
      })
      .finally(() => {
        isSampling = false
      })
  }, options.everyMs)
  timer.unref()
  return { [Symbol.dispose]: stop }
}
