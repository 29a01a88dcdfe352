import { AppError } from '@trainyard/contract'

/** For options that may be repeated. */
export const collect = (value: string, values: string[] | undefined): string[] => [...(values ?? []), value]

/** `key=value` of each `--tag`. */
export function parseTags(texts: readonly string[] = []): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const equals = text.indexOf('=')
      if (equals > 0) return [text.slice(0, equals), text.slice(equals + 1)]
      throw new AppError('invalid_argument', `--tag takes key=value, not '${text}'.`)
    }),
  )
}
