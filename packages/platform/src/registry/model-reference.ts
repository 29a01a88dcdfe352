import { AppError } from '@trainyard/contract'

/** What names a version: `name/3`, `name/Production`, `name/latest`, `name@champion`, with `models:/` before it or not. */
export interface ModelReference {
  name: string
  version?: number
  /** A stage, or `latest`. */
  stage?: string
  alias?: string
}

const expected = 'write name/3, name/Production, name/latest or name@alias'

/**
 * Reads a reference from its end, so that names with a slash can be given too. Without a version, stage or alias behind it the text
 * is a name alone. `invalid_argument` when a part is empty.
 */
export function parseModelReference(text: string): ModelReference {
  const bare = text.replace(/^models:\/*/, '')
  const refused = () =>
    new AppError('invalid_argument', `'${text.slice(0, 200)}' names no registered model: ${expected}.`, {
      details: { record: 'version', rule: 'reference' },
    })
  const at = bare.lastIndexOf('@')
  const slash = bare.lastIndexOf('/')
  const cut = Math.max(at, slash)
  const name = cut < 0 ? bare : bare.slice(0, cut)
  const rest = cut < 0 ? undefined : bare.slice(cut + 1)
  if (name === '' || rest === '') throw refused()
  if (rest === undefined) return { name }
  if (at === cut) return { name, alias: rest }
  if (!/^\d+$/.test(rest)) return { name, stage: rest }
  const version = Number(rest)
  if (!Number.isSafeInteger(version)) throw refused()
  return { name, version }
}
