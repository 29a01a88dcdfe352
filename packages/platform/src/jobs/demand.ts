import { AppError, type Task } from '@trainyard/contract'
import { parseQuantity } from '../execution/index.ts'

/** What a job takes of its machine while it runs, or what a machine has. */
export interface Demand {
  cpuMilli: number
  memoryBytes: number
  gpus: number
}

/** One core and no more unless the task says so; a sweep takes one for each iteration at a time. */
export function demandOf(task: Task): Demand {
  const { cpu, memory, gpus = 0 } = task.resources ?? {}
  const cores = cpu === undefined ? (task.sweep?.parallel ?? 1) : parseQuantity(cpu, 'cpu')
  const memoryBytes = memory === undefined ? 0 : Math.ceil(parseQuantity(memory, 'memory'))
  if (cores > 1_000_000 || memoryBytes > Number.MAX_SAFE_INTEGER)
    throw new AppError('invalid_argument', 'The resources of the task are more than any machine has.')
  return { cpuMilli: Math.round(cores * 1000), memoryBytes, gpus }
}

export const fits = (wanted: Demand, free: Demand): boolean =>
  wanted.cpuMilli <= free.cpuMilli && wanted.memoryBytes <= free.memoryBytes && wanted.gpus <= free.gpus

export const minus = (one: Demand, other: Demand): Demand => ({
  cpuMilli: one.cpuMilli - other.cpuMilli,
  memoryBytes: one.memoryBytes - other.memoryBytes,
  gpus: one.gpus - other.gpus,
})

const count = (number: number, one: string, many: string): string => `${number} ${number === 1 ? one : many}`

const gibibytes = (bytes: number): string => `${Math.round((bytes / 2 ** 30) * 100) / 100} GiB of memory`

/** Why it does not start, in words that stay the same while the reason does. */
export function lackOf(wanted: Demand, free: Demand, capacity: Demand): string {
  const lacks: [needed: string, has: string, isShort: boolean, never: boolean][] = [
    [
      count(wanted.cpuMilli / 1000, 'CPU', 'CPUs'),
      count(capacity.cpuMilli / 1000, 'CPU', 'CPUs'),
      wanted.cpuMilli > free.cpuMilli,
      wanted.cpuMilli > capacity.cpuMilli,
    ],
    [
      gibibytes(wanted.memoryBytes),
      gibibytes(capacity.memoryBytes),
      wanted.memoryBytes > free.memoryBytes,
      wanted.memoryBytes > capacity.memoryBytes,
    ],
    [
      count(wanted.gpus, 'GPU', 'GPUs'),
      count(capacity.gpus, 'GPU', 'GPUs'),
      wanted.gpus > free.gpus,
      wanted.gpus > capacity.gpus,
    ],
  ]
  const [needed, has, , never] = lacks.find(([, , , isNever]) => isNever) ?? lacks.find(([, , isShort]) => isShort) ?? lacks[0]!
  return never ? `waits for ${needed}, and the server has ${has}` : `waits for ${needed}, which other jobs have`
}
