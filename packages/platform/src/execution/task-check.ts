import { AppError, didYouMean, type Task } from '@trainyard/contract'
import { TaskSchema } from '@trainyard/contract/task'
import { Errors } from 'typebox/value'

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
export function checkTask(data: unknown, source: string): Task {
  if (typeof data !== 'object' || data === null || Array.isArray(data))
    throw new AppError('invalid_argument', `${source} does not hold a task: expected a table of fields.`)
  const task = rename(data as Record<string, unknown>)
  const known = Object.keys(TaskSchema.properties)
  const unknown = Object.keys(task).find((key) => !known.includes(key))
  if (unknown !== undefined)
    throw new AppError(
      'invalid_argument',
      `${source}: a task has no field "${unknown}"${didYouMean(unknown, known)}; there are ${known.join(', ')}.`,
    )
  const { sweep } = task
  if (typeof sweep === 'object' && sweep !== null && !Array.isArray(sweep))
    task['sweep'] = rename(sweep as Record<string, unknown>)
  const [problem] = Errors(TaskSchema, task)
  if (problem !== undefined) {
    const field = problem.instancePath.replaceAll('/', '.').replace(/^\./, '') || 'the task'
    throw new AppError('invalid_argument', `${source}: ${field} ${problem.message}.`)
  }
  return task
}
