import { AppError } from './errors.ts'
import { artifactKinds } from './journal.ts'
import { nearestName } from './nearest.ts'

/** How a value that a handler returns may be logged. */
export const returnKinds = ['result', ...artifactKinds, 'json'] as const
export type ReturnKind = (typeof returnKinds)[number]

/** Other spellings of the kinds, the same as the Python package's. */
const aliases: Record<string, ReturnKind> = {
  artifact: 'file',
  path: 'file',
  dir: 'directory',
  plotly: 'plot',
  figure: 'plot',
  df: 'dataset',
  dataframe: 'dataset',
  pickle: 'object',
}

export interface ReturnHint {
  key: string
  /** `undefined` leaves the choice to the value's type. */
  kind: ReturnKind | undefined
  /** Options of the call that logs the value: `tag`, `labels`, `format`, … */
  options: Record<string, unknown>
}

/**
 * One hint of `returns`: `'accuracy'`, `'model:model'`, or an object with `key`, `artifactType` and options. Fails with
 * `invalid_argument`.
 */
export function parseReturnHint(hint: unknown): ReturnHint {
  const { key, kindText, options } = partsOf(hint)
  if (typeof key !== 'string' || key.trim() === '') {
    throw new AppError(
      'invalid_argument',
      `The return hint ${JSON.stringify(hint)} has no name: write it as 'accuracy', 'model:model' or { key: 'model' }.`,
    )
  }
  const written = (typeof kindText === 'string' ? kindText : JSON.stringify(kindText)).trim().toLowerCase()
  const kind = aliases[written] ?? returnKinds.find((known) => known === written)
  if (written !== '' && kind === undefined) {
    const near = nearestName(written, [...returnKinds, ...Object.keys(aliases)])
    const help = near === undefined ? `take one of ${returnKinds.join(', ')}.` : `did you mean '${near}'?`
    throw new AppError('invalid_argument', `The return hint ${JSON.stringify(hint)} has the unknown kind '${written}': ${help}`)
  }
  return { key: key.trim(), kind, options }
}

function partsOf(hint: unknown): { key: unknown; kindText: unknown; options: Record<string, unknown> } {
  if (typeof hint === 'string') {
    const colon = hint.indexOf(':')
    return colon < 0
      ? { key: hint, kindText: '', options: {} }
      : { key: hint.slice(0, colon), kindText: hint.slice(colon + 1), options: {} }
  }
  if (typeof hint !== 'object' || hint === null) return { key: undefined, kindText: '', options: {} }
  // Python tasks write artifact_type.
  const { key, artifactType, artifact_type: artifactTypeOfPython, kind, ...options } = hint as Record<string, unknown>
  return { key, kindText: artifactType ?? artifactTypeOfPython ?? kind ?? '', options }
}
