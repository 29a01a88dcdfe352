import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { availableParallelism, cpus, hostname, release, totalmem, type } from 'node:os'
import { promisify } from 'node:util'
import type { EnvironmentInfo, JsonObject } from '@trainyard/contract'

/** Distribution names follow from the folder names in site-packages, which is a hundred times cheaper than asking Python. */
export async function installedPackages(sitePackages: readonly string[]): Promise<string[]> {
  const found = new Set<string>()
  for (const folder of sitePackages) {
    const names = await readdir(folder).catch(() => [])
    for (const name of names) {
      const match = /^(.+?)-([^-]+)(?:-py[\d.]+)?\.(?:dist-info|egg-info)$/.exec(name)
      if (match) found.add(`${match[1]!.replaceAll('_', '-')}==${match[2]!}`)
    }
  }
  return [...found].sort()
}

/** One row per NVIDIA GPU, only asked for where the driver is loaded (starting `nvidia-smi` takes 20-500 ms). */
export async function listGpus(): Promise<JsonObject[]> {
  if (!existsSync('/proc/driver/nvidia')) return []
  try {
    const { stdout } = await promisify(execFile)(
      'nvidia-smi',
      ['--query-gpu=index,name,memory.total,driver_version', '--format=csv,noheader,nounits'],
      { timeout: 10_000 },
    )
    return stdout
      .trim()
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => {
        const [index, name, memory, driver] = line.split(',').map((field) => field.trim())
        return { index: Number(index), name: name ?? '', memoryBytes: Number(memory) * 1_048_576, driver: driver ?? '' }
      })
  } catch {
    // The driver is there but its tool is not, or it hangs: the record simply names no GPU.
    return []
  }
}

export async function captureEnvironment(
  interpreter: JsonObject | undefined,
  choices: Record<string, string>,
): Promise<EnvironmentInfo> {
  const sitePackages = Array.isArray(interpreter?.['sitePackages'])
    ? interpreter['sitePackages'].filter((folder): folder is string => typeof folder === 'string')
    : []
  const [packages, gpus] = await Promise.all([installedPackages(sitePackages), listGpus()])
  return {
    ...(interpreter === undefined ? {} : { interpreter }),
    packages,
    operatingSystem: `${type()} ${release()}`,
    host: hostname(),
    cpuModel: cpus()[0]?.model.trim() ?? 'unknown',
    cpuCount: availableParallelism(),
    memoryBytes: totalmem(),
    ...(gpus.length > 0 ? { gpus } : {}),
    choices,
  }
}
