/**
 * JSON for programs: two spaces of indentation, keys in the order of the record, and NaN and the infinities as the strings
 * `"NaN"`, `"Infinity"` and `"-Infinity"`, because JSON has no other way to keep them.
 */
export const toJsonText = (value: unknown): string => JSON.stringify(value, wireNumbers, 2) ?? 'null'

/** One line, for streams of records. */
export const toJsonLine = (value: unknown): string => JSON.stringify(value, wireNumbers) ?? 'null'

function wireNumbers(_key: string, value: unknown): unknown {
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value)
  return value
}
