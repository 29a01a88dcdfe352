import {
  AppError,
  endedStates,
  parseDurationText,
  parseTimeText,
  type RunFilter,
  runStates,
  type RunState,
} from '@trainyard/contract'

/** Turns the text of an option into its value, or fails with one sentence that names the option. */

export function parseCount(text: string, option: string, least = 1): number {
  const value = Number(text)
  if (!/^\d+$/.test(text.trim()) || !Number.isSafeInteger(value) || value < least)
    throw new AppError('invalid_argument', `${option} takes a whole number of at least ${least}, not '${text}'.`)
  return value
}

/** A point in time: ISO 8601, or an age such as `7d`. Epoch milliseconds. */
export function parseTime(text: string, option: string, nowMs: number): number {
  const value = parseTimeText(text, nowMs)
  if (value === undefined) {
    throw new AppError(
      'invalid_argument',
      `${option} takes an age such as 30m, 12h or 7d, or a time such as 2026-03-01, not '${text}'.`,
    )
  }
  return value
}

/** A length of time such as `30d`, in milliseconds. */
export function parseDuration(text: string, option: string): number {
  const value = parseDurationText(text)
  if (value === undefined)
    throw new AppError('invalid_argument', `${option} takes a length of time such as 30m, 12h or 30d, not '${text}'.`)
  return value
}

/** `failed`, `failed,aborted`, or `ended`. */
export function parseStates(text: string, option: string): RunState[] {
  return text.split(',').flatMap((word) => {
    const name = word.trim().toLowerCase()
    if (name === 'ended') return endedStates.slice()
    const state = runStates.find((known) => known === name)
    if (state === undefined) {
      throw new AppError('invalid_argument', `${option} takes ${runStates.join(', ')} or ended, not '${word.trim()}'.`)
    }
    return state
  })
}

/** All the conditions at once; undefined when there is none. */
export function allOf(filters: readonly (RunFilter | undefined)[]): RunFilter | undefined {
  return filters
    .filter((filter) => filter !== undefined)
    .reduce<RunFilter | undefined>((left, right) => (left === undefined ? right : { type: 'and', left, right }), undefined)
}

export const stateIn = (states: readonly RunState[]): RunFilter => ({
  type: 'in',
  field: { scope: 'attribute', name: 'state' },
  values: [...states],
  negated: false,
})

export const createdSince = (atMs: number): RunFilter => ({
  type: 'comparison',
  field: { scope: 'attribute', name: 'created' },
  operator: '>=',
  value: atMs,
})

export const createdBefore = (atMs: number): RunFilter => ({
  type: 'comparison',
  field: { scope: 'attribute', name: 'created' },
  operator: '<',
  value: atMs,
})
