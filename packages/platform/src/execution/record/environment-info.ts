import { readdir } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
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

/** So long after the end of what is described the driver of the GPUs is waited for: asked at the beginning, it has long answered. */
const longestWaitMs = 1000

/** On what something runs. Resolves within a second of `ended`, which has happened already unless given. */
export async function captureEnvironment(
  { environment }: Pick<GpuQuestion, 'environment'>,
  interpreter: JsonObject | undefined,
  choices: Record<string, string>,
  ended: Promise<unknown> = Promise.resolve(),
): Promise<EnvironmentInfo> {
  const sitePackages = Array.isArray(interpreter?.['sitePackages'])
    ? interpreter['sitePackages'].filter((folder): folder is string => typeof folder === 'string')
    : []
  const patience = new AbortController()
  void ended
    .catch(() => undefined)
    .then(() => delay(longestWaitMs, undefined, { ref: false }))
    .then(() => patience.abort())
  const [packages, gpus] = await Promise.all([
    installedPackages(sitePackages),
    listGpus({ environment, signal: patience.signal }),
  ])
  return {
    ...(interpreter === undefined ? {} : { interpreter }),
    packages,
    operatingSystem: `${type()} ${release()}`,
    host: hostname(),
    cpuModel: cpus()[0]?.model.trim() ?? 'unknown',
    cpuCount: availableParallelism(),
    memoryBytes: totalmem(),
    ...(gpus === undefined || gpus.length === 0 ? {} : { gpus }),
    choices: gpus === undefined ? { ...choices, gpus: 'not known: nvidia-smi did not answer in time' } : choices,
  }
}
