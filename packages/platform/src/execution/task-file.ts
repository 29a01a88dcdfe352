import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { AppError, type Task } from '@trainyard/contract'
import { systemReason } from '../base/errors.ts'

/** Checks unknown data against the task schema; the sentence names the field and the right form. */
export async function parseTask(data: unknown, source: string): Promise<Task> {
  // Schemas take 20 ms to load, and most runs have no task file.
  const { checkTask } = await import('./task-check.ts')
  return checkTask(data, source)
}

/** Reads a YAML or JSON task. Relative paths in it are meant from the file's own folder. */
export async function readTaskFile(path: string, workingDirectory: string): Promise<Task> {
  const absolute = resolve(workingDirectory, path)
  let text: string
  try {
    text = readFileSync(absolute, 'utf8')
  } catch (error) {
    throw new AppError('invalid_argument', `Cannot read the task file ${path}: ${systemReason(error)}.`, { cause: error })
  }
  const task = await parseTask(await parseText(text, path), path)
  const folder = dirname(absolute)
  return {
    ...task,
    ...(task.command === undefined ? {} : { command: resolve(folder, task.command) }),
    ...(task.sweep?.parameterFile === undefined
      ? {}
      : { sweep: { ...task.sweep, parameterFile: resolve(folder, task.sweep.parameterFile) } }),
  }
}

async function parseText(text: string, source: string): Promise<unknown> {
  const { load } = await import('js-yaml')
  try {
    // JSON is YAML.
    return load(text, { filename: source })
  } catch (error) {
    const message = error instanceof Error ? error.message.split('\n', 1)[0] : String(error)
    throw new AppError('invalid_argument', `${source} is neither YAML nor JSON: ${message}.`, { cause: error })
  }
}
