import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { systemErrorCode } from '../../base/errors.ts'
import { parseQuantity } from '../quantity.ts'
import { type LocalProcess, type ProcessPlan, startLocalProcess } from './local-process.ts'
import type { Placement, Substrate } from './substrate.ts'

const engine = 'podman'

/** The same work in a container: pure, so that it can be looked at in a test. */
export function containerPlan(plan: ProcessPlan, { name, image, resources, paths, inherited = [] }: Placement): ProcessPlan {
  const [written, ...read] = paths
  const [cpu, memory] = [resources?.cpuLimit ?? resources?.cpu, resources?.memoryLimit ?? resources?.memory]
  // Values stay out of the process list: the engine takes them from its own environment. Ours is not the container's.
  const variables = Object.keys(plan.environment).filter((key) => !inherited.includes(key))
  return {
    ...plan,
    command: engine,
    arguments: [
      'run',
      '--rm',
      `--name=${name}`,
      '--network=host',
      '--preserve-fds=2',
      ...(written === undefined ? [] : [`--volume=${written}:${written}`]),
      ...[...new Set(read)].map((path) => `--volume=${path}:${path}:ro`),
      `--workdir=${plan.workingDirectory}`,
      ...variables.map((key) => `--env=${key}`),
      ...(cpu === undefined ? [] : [`--cpus=${parseQuantity(cpu, 'cpu')}`]),
      ...(memory === undefined ? [] : [`--memory=${parseQuantity(memory, 'memory')}`]),
      ...((resources?.gpus ?? 0) > 0 ? ['--device=nvidia.com/gpu=all'] : []),
      image ?? '',
      plan.command,
      ...plan.arguments,
    ],
  }
}

/** Whether containers of an image can be started here at once: it is not fetched, which may take minutes and gigabytes. */
export async function imageState(image: string): Promise<ImageState> {
  try {
    await promisify(execFile)(engine, ['image', 'exists', image])
    return 'ready'
  } catch (error) {
    return systemErrorCode(error) === 'ENOENT' ? 'no engine' : 'absent'
  }
}

export type ImageState = 'ready' | 'absent' | 'no engine'

const clear = async (name: string): Promise<void> => {
  // Usually it is gone already, which is what was wanted.
  await promisify(execFile)(engine, ['rm', '--force', '--ignore', '--time=0', name]).catch(() => undefined)
}

async function clearedAfter(exit: LocalProcess['exit'], name: string): LocalProcess['exit'] {
  try {
    return await exit
  } finally {
    await clear(name)
  }
}

/** Containers of podman: descriptors reach the work through it, which docker's client cannot do. */
export const containers: Substrate = {
  name: 'containers',
  start(plan, placement): LocalProcess {
    const planned = containerPlan(plan, placement)
    const client = startLocalProcess(planned, placement)
    // A client that had to be killed leaves its container running.
    return { ...client, exit: clearedAfter(client.exit, placement.name) }
  },
  clear,
}
