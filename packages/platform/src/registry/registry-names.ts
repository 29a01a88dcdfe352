import { AppError } from '@trainyard/contract'

const longestName = 256
const longestAlias = 255
const longestTagKey = 250
const longestTagValue = 100_000
const longestDescription = 100_000
const longestStage = 50

type RecordKind = 'model' | 'version' | 'alias' | 'stage' | 'tag'

/** A refused value, with what a dialect needs to say it in its own words. */
export const refused = (record: RecordKind, message: string, details: Record<string, unknown> = {}): AppError =>
  new AppError('invalid_argument', message, { details: { record, ...details } })

const shown = (text: string): string => (text.length > 60 ? `${text.slice(0, 60).toWellFormed()}…` : text)

function checkText(record: RecordKind, what: string, text: string, longest: number): void {
  const tooLong = text.length > longest
  if (tooLong)
    throw refused(record, `The ${what} '${shown(text)}' has ${text.length} characters; ${longest} are allowed.`, {
      rule: 'length',
      what,
      longest,
    })
  if (text.includes('\0')) throw refused(record, `The ${what} '${shown(text)}' contains a NUL character, which it may not.`)
  if (!text.isWellFormed())
    throw refused(record, `The ${what} '${shown(text)}' is not valid text (it holds half of a surrogate pair).`)
}

export function checkModelName(name: string): void {
  if (name === '') throw refused('model', 'The name of the model is empty; give it at least one character.', { rule: 'empty' })
  checkText('model', 'model name', name, longestName)
}

export function checkTag(key: string, value: string | null): void {
  if (key === '') throw refused('tag', 'The key of the tag is empty; give it at least one character.', { rule: 'empty' })
  checkText('tag', 'tag key', key, longestTagKey)
  if (value !== null) checkText('tag', 'tag value', value, longestTagValue)
}

export function checkDescription(description: string | null): void {
  if (description !== null) checkText('model', 'description', description, longestDescription)
}

/** Aliases are letters, digits, `_` and `-`; `latest` and what reads like a version (`v1`, `7`) mean something else. */
export function checkAlias(alias: string): void {
  const details = { alias }
  if (alias === '') throw refused('alias', 'The alias is empty; give it at least one character.', { ...details, rule: 'empty' })
  if (alias.length > longestAlias) checkText('alias', 'alias', alias, longestAlias)
  if (!/^[\p{L}\p{N}_-]+$/u.test(alias))
    throw refused('alias', `The alias '${shown(alias)}' may only have letters, digits, _ and -.`, {
      ...details,
      rule: 'characters',
    })
  if (alias.toLowerCase() === 'latest')
    throw refused('alias', `The alias '${alias}' is taken: it always means the newest version.`, { ...details, rule: 'latest' })
  if (/^v\d+$/i.test(alias))
    throw refused('alias', `The alias '${alias}' reads like a version; choose another, such as 'champion'.`, {
      ...details,
      rule: 'version',
    })
}

export function checkStageName(name: string): void {
  if (!/^\p{L}[\p{L}\p{N}_ -]*$/u.test(name) || name !== name.trim())
    throw refused('stage', `A stage starts with a letter and has letters, digits, spaces, _ and -; '${shown(name)}' does not.`)
  checkText('stage', 'stage', name, longestStage)
  if (name.toLowerCase() === 'latest') throw refused('stage', `'${name}' cannot be a stage: it always means the newest version.`)
}

/** Percent-encodings undone until nothing changes; what is no valid encoding stays as it is. */
export function plainText(text: string): string {
  for (let plain = text; ;) {
    const next = plain.replaceAll(/(?:%[0-9a-f]{2})+/gi, (encoded) => {
      try {
        return decodeURIComponent(encoded)
      } catch {
        return encoded
      }
    })
    if (next === plain) return plain
    plain = next
  }
}
