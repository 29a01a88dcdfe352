import { AppError, didYouMean } from '@trainyard/contract'
import { FunctionSchema, type FunctionSpec } from '@trainyard/contract/function'
import { Errors } from 'typebox/value'

/** Checks unknown data against the schema of a specification, of which parts may be missing; the sentence names the field. */
export function checkFunctionSpec(data: unknown, source: string): Partial<FunctionSpec> {
  if (typeof data !== 'object' || data === null || Array.isArray(data))
    throw new AppError('invalid_argument', `${source} holds no specification of a function: expected a table of fields.`)
  const known = Object.keys(FunctionSchema.properties)
  const unknown = Object.keys(data).find((key) => !known.includes(key))
  if (unknown !== undefined)
    throw new AppError(
      'invalid_argument',
      `${source}: a function has no field "${unknown}"${didYouMean(unknown, known)}; there are ${known.join(', ')}.`,
    )
  const [problem] = Errors(FunctionSchema, { name: 'unnamed', ...data })
  if (problem !== undefined) {
    const field = problem.instancePath.replaceAll('/', '.').replace(/^\./, '') || 'the specification'
    throw new AppError('invalid_argument', `${source}: ${field} ${problem.message}.`)
  }
  return data
}
