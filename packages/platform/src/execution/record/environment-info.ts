import { readdir } from 'node:fs/promises'
import { availableParallelism, cpus, hostname, release, totalmem, type } from 'node:os'
import type { EnvironmentInfo, JsonObject } from '@trainyard/contract'
import { type GpuQuestion, listGpus } from '../gpus.ts'

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

export async function captureEnvironment(
  { environment }: Pick<GpuQuestion, 'environment'>,
  interpreter: JsonObject | undefined,
  choices: Record<string, string>,
): Promise<EnvironmentInfo> {
  const sitePackages = Array.isArray(interpreter?.['sitePackages'])
    ? interpreter['sitePackages'].filter((folder): folder is string => typeof folder === 'string')
    : []
  const [packages, gpus] = await Promise.all([installedPackages(sitePackages), listGpus({ environment })])
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
