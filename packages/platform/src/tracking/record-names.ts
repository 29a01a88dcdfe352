import { AppError, type JsonValue, runIdPattern } from '@trainyard/contract'

/** Letters a name or key may have: they are shown in lists and stand in indexes. */
export const longestName = 500
/** Bytes of one parameter or label value, as JSON. Anything larger is an artifact. */
export const largestValueBytes = 1_048_576

/** Refuses a name that cannot be stored, with `what` it names (`run name`, `parameter`). Slashes, quotes and emoji are fine. */
export function checkName(what: string, name: string): void {
  const shown = name.length > 40 ? `${name.slice(0, 40)}…` : name
  const refuse = (reason: string) => {
    throw new AppError('invalid_argument', `The ${what} '${shown}' ${reason}.`, { details: { what } })
  }
  if (name === '') throw new AppError('invalid_argument', `The ${what} is empty; give it at least one character.`)
  if (name.length > longestName) refuse(`has ${name.length} characters; ${longestName} are allowed`)
  if (name.includes('\0')) refuse('contains a NUL character, which no name may')
  if (!name.isWellFormed()) refuse('is not valid text (it holds half of a surrogate pair)')
}

export function checkValue(what: string, key: string, value: JsonValue): void {
  checkName(what, key)
  const json = JSON.stringify(value)
  if (json === undefined)
    throw new AppError(
      'invalid_argument',
      `The ${what} '${key}' has no value; give it a number, a text, true, false, a list or an object.`,
    )
  if (json.length > largestValueBytes / 4 && Buffer.byteLength(json) > largestValueBytes)
    throw new AppError('invalid_argument', `The ${what} '${key}' is larger than 1 MiB; log it as an artifact instead.`)
}

export function checkRunId(id: string): void {
  if (!runIdPattern.test(id))
    throw new AppError('invalid_argument', `'${id.slice(0, 80)}' is not a run id: it has 32 digits, 0-9 and a-f.`)
}
