import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { AppError, type Task } from '@trainyard/contract'
import { TaskSchema } from '@trainyard/contract/task'
import { closest } from 'fastest-levenshtein'
import { Errors } from 'typebox/value'
import { systemReason } from '../base/errors.ts'

/** Snake case is what Python users write; both spellings mean the same. */
const toCamelCase = (key: string): string => key.replaceAll(/_([a-z])/g, (_whole, letter: string) => letter.toUpperCase())

const aliases: Record<string, string> = {
  params: 'parameters',
  hyperparams: 'hyperParameters',
  hyperParams: 'hyperParameters',
  paramFile: 'parameterFile',
  artifactPath: 'outPath',
}

const rename = (table: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(table).map(([key, value]) => [aliases[toCamelCase(key)] ?? toCamelCase(key), value]))

/** Checks unknown data against the task schema; the sentence names the field and the right form. */
export function parseTask(data: unknown, source: string): Task {
  if (typeof data !== 'object' || data === null || Array.isArray(data))
    throw new AppError('invalid_argument', `${source} does not hold a task: expected a table of fields.`)
  const task = rename(data as Record<string, unknown>)
  const known = Object.keys(TaskSchema.properties)
  const unknown = Object.keys(task).find((key) => !known.includes(key))
  if (unknown !== undefined)
    throw new AppError(
      'invalid_argument',
      `${source}: a task has no field "${unknown}"; did you mean "${closest(unknown, known)}"?`,
    )
  const { sweep } = task
  if (typeof sweep === 'object' && sweep !== null && !Array.isArray(sweep))
    task['sweep'] = rename(sweep as Record<string, unknown>)
  const [problem] = Errors(TaskSchema, task)
  if (problem !== undefined) {
    const field = problem.instancePath.replaceAll('/', '.').replace(/^\./, '') || 'the task'
    throw new AppError('invalid_argument', `${source}: ${field} ${problem.message}.`)
  }
  return task as Task
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
  const task = parseTask(await parseText(text, path), path)
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
