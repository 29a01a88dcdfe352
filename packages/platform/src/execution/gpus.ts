import { execFile } from 'node:child_process'
import type { JsonObject } from '@trainyard/contract'
import { onPath } from './interpreter.ts'

const bytesPerMebibyte = 1_048_576

export interface GpuQuestion {
  /** `nvidia-smi`, the driver's own tool, is looked for on its `PATH`. */
  environment: Readonly<Record<string, string | undefined>>
  timeoutMs?: number
  /** Nobody waits any longer. */
  signal?: AbortSignal
}

/**
 * What the tool says of each GPU, a row each, as far as it gets: none where it is missing or fails, undefined where it hangs. A driver in
 * trouble must not disturb the training. An exit code alone says little: a worn chip with a board's own records is told by 14, behind
 * figures that are right.
 */
async function askDriver(
  fields: readonly string[],
  { environment, timeoutMs, signal }: GpuQuestion & { timeoutMs: number },
): Promise<string[][] | undefined> {
  const tool = onPath('nvidia-smi', environment)
  if (tool === undefined) return []
  const { promise, resolve } = Promise.withResolvers<string | undefined>()
  const child = execFile(
    tool,
    [`--query-gpu=${fields.join(',')}`, '--format=csv,noheader,nounits'],
    { env: environment },
    (_failure, told) => resolve(told),
  )
  // What hangs within the driver does not even die: nobody waits for its end.
  const giveUp = (): void => {
    child.kill('SIGKILL')
    child.stdout?.destroy()
    child.stderr?.destroy()
    child.unref()
    resolve(undefined)
  }
  const timer = setTimeout(giveUp, timeoutMs)
  signal?.addEventListener('abort', giveUp)
  if (signal?.aborted === true) giveUp()
  const told = await promise
  clearTimeout(timer)
  signal?.removeEventListener('abort', giveUp)
  return told === undefined ? undefined : rowsIn(told, fields.length)
}

/** Warnings and reasons stand among the rows, which begin with the number of a GPU. A name may have commas; it comes last. */
const rowsIn = (csv: string, columns: number): string[][] =>
  csv
    .split('\n')
    .map((line) => line.split(',').map((field) => field.trim()))
    .filter((row) => /^\d+$/.test(row[0] ?? '') && row.length >= columns)

/** Undefined for what a GPU does not tell: `[N/A]` of a divided one, `[Not Supported]`, `[Unknown Error]`, `[GPU is lost]`. */
function numberIn(field: string | undefined): number | undefined {
  const value = field === undefined || field === '' ? Number.NaN : Number(field)
  return Number.isFinite(value) ? value : undefined
}

/**
 * The GPUs of this machine: `index`, `name`, `memoryBytes` where it is told, and `driver`, its version. Undefined where the tool did not
 * answer within `timeoutMs` (10 s), or before the signal.
 */
export async function listGpus({ timeoutMs = 10_000, ...question }: GpuQuestion): Promise<JsonObject[] | undefined> {
  const rows = await askDriver(['index', 'memory.total', 'driver_version', 'name'], { ...question, timeoutMs })
  return rows?.map(([index, memory, driver, ...name]) => {
    const memoryMebibytes = numberIn(memory)
    return {
      index: Number(index),
      name: name.join(', '),
      ...(memoryMebibytes === undefined ? {} : { memoryBytes: memoryMebibytes * bytesPerMebibyte }),
      driver: driver ?? '',
    }
  })
}

/**
 * One point for each figure that a GPU tells now: `system/gpu_0_utilization_percent`, `system/gpu_0_memory_bytes`. Undefined when the tool
 * hangs: who asks again and again only adds to what hangs there.
 */
export async function gpuUsage({
  timeoutMs = 4000,
  ...question
}: GpuQuestion): Promise<{ key: string; value: number }[] | undefined> {
  const rows = await askDriver(['index', 'utilization.gpu', 'memory.used'], { ...question, timeoutMs })
  return rows?.flatMap(([index, utilization, memory]) => {
    const [percent, mebibytes] = [numberIn(utilization), numberIn(memory)]
    return [
      ...(percent === undefined ? [] : [{ key: `system/gpu_${index}_utilization_percent`, value: percent }]),
      ...(mebibytes === undefined ? [] : [{ key: `system/gpu_${index}_memory_bytes`, value: mebibytes * bytesPerMebibyte }]),
    ]
  })
}
