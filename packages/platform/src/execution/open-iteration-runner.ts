import { availableParallelism } from 'node:os'
import type { ExpectedCall } from '@trainyard/contract'
import type { Execution } from './execution.ts'
import { createPlainRunner, type IterationRunner } from './iteration-runner.ts'
import type { PreparedRun } from './prepared-run.ts'
import { createRunDirectory } from './run-directory.ts'
import { attachWarmWorker, openWarmWorker } from './warm-worker.ts'

/** Libraries that start a thread per core would fight over the cores when iterations run side by side. */
function shareCores(execution: Execution, parent: PreparedRun, parallel: number): void {
  if (
    parallel < 2 ||
    execution.environment['OMP_NUM_THREADS'] !== undefined ||
    parent.environment['OMP_NUM_THREADS'] !== undefined
  )
    return
  const threads = String(Math.max(1, Math.floor(availableParallelism() / parallel)))
  parent.environment['OMP_NUM_THREADS'] = threads
  parent.choices['OMP_NUM_THREADS'] = `${threads}: the cores shared by ${parallel} iterations at a time`
}

/**
 * How the iterations of a sweep are started: from a warm worker for Python handlers, where forking is safe; else a process each.
 */
export async function openIterationRunner(
  execution: Execution,
  parent: PreparedRun,
  options: {
    parallel: number
    varied: ExpectedCall['varied']
    signal?: AbortSignal
    attach?: { control: number; events: number }
  },
): Promise<IterationRunner> {
  if (options.attach !== undefined) return attachWarmWorker(options.attach)
  shareCores(execution, parent, options.parallel)
  if (!parent.launcher.canFork) return createPlainRunner(execution, `${parent.launcher.language} cannot fork`)
  if (parent.image !== undefined) return createPlainRunner(execution, 'a container each')
  if (parent.handler === undefined) return createPlainRunner(execution, 'a script without a handler runs anew each time')
  const worker = await openWarmWorker(execution, parent, {
    directory: createRunDirectory(execution.directory.runs, parent.id),
    signal: options.signal ?? new AbortController().signal,
    parallel: options.parallel,
    varied: options.varied,
  })
  if (worker.forkSafe) return worker
  await worker[Symbol.asyncDispose]()
  return createPlainRunner(execution, worker.reason ?? 'forking is not safe here')
}
