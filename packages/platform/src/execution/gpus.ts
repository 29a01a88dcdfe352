import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { promisify } from 'node:util'
import type { JsonObject } from '@trainyard/contract'

const bytesPerMebibyte = 1_048_576

/**
 * What the driver's own tool says of each GPU, as CSV; nothing where no driver is loaded (starting the tool takes 20-500 ms), where the tool
 * is missing, or where it hangs: a driver in trouble must not disturb the training.
 */
async function askDriver(fields: readonly string[], timeoutMs: number): Promise<string> {
  if (!existsSync('/proc/driver/nvidia')) return ''
  try {
    const arguments_ = [`--query-gpu=${fields.join(',')}`, '--format=csv,noheader,nounits']
    const { stdout } = await promisify(execFile)('nvidia-smi', arguments_, { timeout: timeoutMs })
    return stdout
  } catch {
    return ''
  }
}

const rowsOf = (csv: string): string[][] =>
  csv
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => line.split(',').map((field) => field.trim()))

/** Undefined for `[N/A]` and `[Not Supported]`, as parts of a divided GPU answer. */
function numberIn(field: string | undefined): number | undefined {
  const value = field === undefined || field === '' ? Number.NaN : Number(field)
  return Number.isFinite(value) ? value : undefined
}

export const listGpus = async (): Promise<JsonObject[]> =>
  gpusIn(await askDriver(['index', 'memory.total', 'driver_version', 'name'], 10_000))

export const gpusIn = (csv: string): JsonObject[] =>
  rowsOf(csv).map(([index, memory, driver, ...name]) => {
    const memoryMebibytes = numberIn(memory)
    return {
      index: numberIn(index) ?? 0,
      name: name.join(', '),
      ...(memoryMebibytes === undefined ? {} : { memoryBytes: memoryMebibytes * bytesPerMebibyte }),
      driver: driver ?? '',
    }
  })

export const gpuUsage = async (): Promise<{ key: string; value: number }[]> =>
  gpuUsageIn(await askDriver(['index', 'utilization.gpu', 'memory.used'], 4000))

/** What a GPU does not tell has no point. */
export const gpuUsageIn = (csv: string): { key: string; value: number }[] =>
  rowsOf(csv).flatMap(([index, utilization, memory]) => {
    const [percent, mebibytes] = [numberIn(utilization), numberIn(memory)]
    return [
      ...(percent === undefined ? [] : [{ key: `system/gpu_${index}_utilization_percent`, value: percent }]),
      ...(mebibytes === undefined ? [] : [{ key: `system/gpu_${index}_memory_bytes`, value: mebibytes * bytesPerMebibyte }]),
    ]
  })
