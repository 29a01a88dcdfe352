import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { AppError } from '@trainyard/contract/errors'
import type { RunRecord, Task } from '@trainyard/contract'
import { callCommand, commandError, type CommandOptions, type CommandResult } from './command-line.ts'
import { Run } from './run.ts'
import { TaskBuilder, type TaskFields } from './task.ts'

export interface RunLocalOptions {
  /** Fields that win over the task's own, for this run only: one task runs on many functions. */
  overrides?: TaskFields
  /** Default: the working folder of this process. */
  workingDirectory?: string
  /** As `--data`. */
  dataDirectory?: string
  /** Returns as soon as the run has started; `run.wait()` waits for it. */
  detach?: boolean
  /** Show the run's output and progress on standard error; default true. */
  watch?: boolean
  /** Stops the run politely. */
  signal?: AbortSignal
}

/**
 * Runs a task as a tracked run (or sweep) on this machine and gives the run after its end. A run that fails is a `Run` whose
 * `state` is `failed`; a request that cannot be run at all is an `AppError` with the command's own sentence.
 *
 * The code runs in a process of its own, so it is named, not passed: `{ command: 'training.ts', handler: 'train' }`,
 * `{ handler: 'training.ts:train' }`, or `handlerOf(import.meta, 'train')` for a function of the calling file.
 */
export async function runLocal(task: TaskBuilder | TaskFields, options: RunLocalOptions = {}): Promise<Run> {
  const builder = task instanceof TaskBuilder ? task : new TaskBuilder(task)
  const merged = { ...builder.toJSON(), ...new TaskBuilder(options.overrides).toJSON() }
  if (merged.command === undefined) {
    throw new AppError(
      'invalid_argument',
      "runLocal needs code to run: command: 'training.ts', handler: 'training.ts:train', or handlerOf(import.meta, 'train').",
    )
  }
  const { dataDirectory, workingDirectory, signal } = options
  const place = {
    ...(dataDirectory === undefined ? {} : { dataDirectory }),
    ...(workingDirectory === undefined ? {} : { workingDirectory }),
  }
  const common = {
    ...place,
    ...(options.watch === false ? {} : { onStderr: (bytes: Buffer) => void process.stderr.write(bytes) }),
    ...(signal ? { signal } : {}),
  }
  if (options.detach) return await startDetached(merged, common)
  const result = await callCommand(['run', '--task', '-', '--json'], { ...common, stdin: JSON.stringify(merged) })
  const run = new Run(recordOf(result), place)
  return await run.refresh()
}

/**
 * A run in the background cannot read this process's standard input: the task goes through a file that only this user can read and
 * that is gone when the run has started.
 */
async function startDetached(task: Task, options: CommandOptions): Promise<Run> {
  const base = resolve(options.workingDirectory ?? '.')
  const { sweep } = task
  const absolute: Task = {
    ...task,
    command: resolve(base, task.command ?? ''),
    ...(sweep?.parameterFile === undefined ? {} : { sweep: { ...sweep, parameterFile: resolve(base, sweep.parameterFile) } }),
  }
  const folder = await mkdtemp(join(tmpdir(), 'trainyard-task-'))
  try {
    const file = join(folder, 'task.json')
    await writeFile(file, JSON.stringify(absolute), { mode: 0o600 })
    const result = await callCommand(['run', '--task', file, '--detach'], options)
    if (result.code !== 0) throw commandError(result)
    return await Run.load(result.stdout.trim(), options)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** A run that failed prints its record too; a refused request prints none. */
function recordOf(result: CommandResult): RunRecord {
  const text = result.stdout.trim()
  const start = text.startsWith('{') ? 0 : text.lastIndexOf('\n{') + 1
  let found: unknown
  try {
    found = JSON.parse(text.slice(start))
  } catch {
    throw commandError(result)
  }
  const holder = found as { id?: string; run?: RunRecord }
  if (typeof holder.id === 'string') return found as RunRecord
  if (holder.run) return holder.run
  throw commandError(result)
}
