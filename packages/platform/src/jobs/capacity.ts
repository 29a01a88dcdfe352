import { availableParallelism, totalmem } from 'node:os'
import { AppError } from '@trainyard/contract'
import { listGpus, parseQuantity } from '../execution/index.ts'
import type { Demand } from './demand.ts'

interface Told {
  cpus?: string
  memory?: string
  gpus?: number
  /** Where the tool that knows the GPUs is found. */
  environment: Readonly<Record<string, string | undefined>>
}

/** What a machine gives to jobs: all it has, unless told otherwise. */
export async function capacityOf(told: Told): Promise<Demand> {
  const cores = told.cpus === undefined ? availableParallelism() : parseQuantity(told.cpus, 'cpu')
  if (cores <= 0) throw new AppError('invalid_argument', 'A server that carries out jobs gives them a part of a CPU at least.')
  return {
    cpuMilli: Math.round(cores * 1000),
    memoryBytes: told.memory === undefined ? totalmem() : Math.floor(parseQuantity(told.memory, 'memory')),
    gpus: told.gpus ?? (await listGpus({ environment: told.environment }))?.length ?? 0,
  }
}
