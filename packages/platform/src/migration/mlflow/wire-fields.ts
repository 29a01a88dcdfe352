/** Fields of messages that come from elsewhere: what is missing or of another type has a plain default, never `undefined` inside. */
type Fields = Readonly<Record<string, unknown>>

export const textOf = (fields: Fields, key: string): string => optionalText(fields, key) ?? ''

export function optionalText(fields: Fields, key: string): string | null {
  const value = fields[key]
  if (typeof value === 'string') return value
  return typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint' ? String(value) : null
}

/** A text that is empty counts as none. */
export const filledText = (fields: Fields, key: string): string | null => optionalText(fields, key) || null

export function optionalNumber(fields: Fields, key: string): number | null {
  const value = fields[key]
  if (typeof value === 'number') return value
  if (typeof value === 'bigint') return Number(value)
  if (typeof value !== 'string' || value.trim() === '') return null
  const number = toNumber(value)
  return Number.isNaN(number) && !/^[+-]?nan$/i.test(value) ? null : number
}

export const numberOf = (fields: Fields, key: string): number => optionalNumber(fields, key) ?? 0

/** As Python and JSON write numbers: `nan`, `inf`, `-Infinity`, `1e-3`. */
export function toNumber(text: string): number {
  const infinite = /^([+-]?)inf(?:inity)?$/i.exec(text.trim())
  if (infinite) return infinite[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
  return Number(text)
}

export const isOn = (fields: Fields, key: string): boolean => {
  const value = fields[key]
  return value === true || value === 1 || value === 1n || value === '1' || value === 'true'
}

export const fieldsOf = (fields: Fields, key: string): Fields => {
  const value = fields[key]
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {}
}

export const listOf = (fields: Fields, key: string): Fields[] => {
  const value = fields[key]
  return Array.isArray(value)
    ? value.filter((each): each is Fields => typeof each === 'object' && each !== null && !Array.isArray(each))
    : []
}

/** `[{key, value}]` as a map without prototype, so that a tag called `__proto__` is a tag. */
export function pairsOf(entries: readonly Fields[], names: { key: string; value: string } = { key: 'key', value: 'value' }) {
  const map = Object.create(null) as Record<string, string>
  for (const entry of entries) map[textOf(entry, names.key)] = textOf(entry, names.value)
  return map
}
