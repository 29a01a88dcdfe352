import { AppError, didYouMean, type Task } from '@trainyard/contract'
import type { EntryParameter, EntryPoint, FunctionSpec } from '@trainyard/contract/function'
import { entryPointsOf } from './code/entry-points.ts'
import { isDecorated } from './code/python-entry-points.ts'
import { handlerName } from './function-outline.ts'
import { checkHandler } from './make-function.ts'

/** What is called: a function, or a file with its code. */
export type Callable = Pick<FunctionSpec, 'name' | 'code' | 'codeFile' | 'handler' | 'entryPoints' | 'parameters'>

type Asked = Pick<Task, 'handler' | 'parameters' | 'inputs' | 'sweep'>

/**
 * Whether the handler that is asked for is there and takes what it is given, as far as the code says without running it: names of
 * parameters, those that have no default, numbers and truths. Of code that cannot be seen (in an image, a repository), or that a decorator
 * may have changed, nothing is known and nothing refused. `invalid_argument` names what is meant, or what there is.
 */
export function checkCall(called: Callable, asked: Asked): void {
  const handler = asked.handler ?? called.handler
  if (handler === undefined) return
  const { code } = called
  const entryPoints = code === undefined ? (called.entryPoints ?? {}) : entryPointsOf(code, called.codeFile ?? 'function.py')
  checkHandler({ ...called, handler, entryPoints })
  const point = entryPoints[handlerName({ handler }) ?? '']
  // Handlers of TypeScript take one object of parameters, whose fields are not seen.
  if (point === undefined || handler.includes('.') || !(called.codeFile ?? 'function.py').endsWith('.py')) return
  if (code !== undefined && isDecorated(code, point.line ?? 1)) return
  checkNames(point, called, asked)
  for (const [name, value] of Object.entries(asked.parameters ?? {})) {
    const parameter = point.parameters.find((each) => each.name === name)
    if (parameter !== undefined) checkValue(point, parameter, value)
  }
}

const isContext = ({ name, type }: EntryParameter): boolean => name === 'context' || /\bContext$/.test(type ?? '')

function checkNames(point: EntryPoint, { parameters: defaults = {} }: Callable, { parameters, inputs, sweep }: Asked): void {
  const taken = point.parameters.filter((parameter) => !isContext(parameter))
  const names = taken.map(({ name }) => name)
  const given = Object.keys({ ...parameters, ...sweep?.hyperParameters })
  const unknown = point.hasKwargs === true ? undefined : given.find((name) => !names.includes(name))
  if (unknown !== undefined)
    throw new AppError(
      'invalid_argument',
      `${point.name} has no parameter "${unknown}"${didYouMean(unknown, names)}; it takes ${names.length === 0 ? 'none' : names.join(', ')}.`,
    )
  // What varies may be known only when the file of parameters is read.
  if (sweep?.parameterFile !== undefined) return
  const known = new Set([...given, ...Object.keys({ ...inputs, ...defaults })])
  const missing = taken.find((parameter) => !('default' in parameter) && !known.has(parameter.name))
  if (missing !== undefined)
    throw new AppError(
      'invalid_argument',
      `${point.name} needs the parameter "${missing.name}": give it with -p ${missing.name}=… or as an input with -i.`,
    )
}

const truths = /^(?:true|yes|on|1|false|no|off|0)$/i

/** By the type's name in the code: whether a value can become one, and how it is told. */
const types: Readonly<Record<string, (value: unknown) => boolean>> = {
  int: (value) => isNumber(value) && Number.isInteger(Number(value)),
  float: isNumber,
  bool: (value) =>
    typeof value === 'boolean' || ((typeof value === 'string' || typeof value === 'number') && truths.test(String(value))),
}

function isNumber(value: unknown): boolean {
  if (typeof value === 'number') return true
  return (
    typeof value === 'string' &&
    value.trim() !== '' &&
    (!Number.isNaN(Number(value.replaceAll(/(?<=\d)_(?=\d)/g, ''))) || /^[+-]?(?:nan|inf(?:inity)?)$/i.test(value))
  )
}

function checkValue({ name: handler }: EntryPoint, { name, type = '' }: EntryParameter, value: unknown): void {
  const fits = types[type]
  // What a trigger brings is known when it fires.
  if (fits === undefined || fits(value) || (typeof value === 'string' && value.includes('{{'))) return
  const shown = JSON.stringify(value)?.slice(0, 60) ?? ''
  throw new AppError('invalid_argument', `The parameter ${name} of ${handler} must be ${type}, not ${shown}.`)
}
