import { AppError, type SecretSource } from '@trainyard/contract'

/** `key=value` taken apart at the first equals sign. */
export function splitPair(flag: string, text: string, form = 'key=value'): [key: string, value: string] {
  const at = text.indexOf('=')
  if (at < 1) throw new AppError('invalid_argument', `${flag} ${text}: expected ${form}.`)
  return [text.slice(0, at).trim(), text.slice(at + 1)]
}

export function parsePairs(flag: string, texts: readonly string[], form?: string): Record<string, string> {
  const pairs: Record<string, string> = {}
  for (const text of texts) {
    const [key, value] = splitPair(flag, text, form)
    if (Object.hasOwn(pairs, key) && pairs[key] !== value) {
      throw new AppError('invalid_argument', `${flag} ${key} is given twice with different values: ${pairs[key]} and ${value}.`)
    }
    pairs[key] = value
  }
  return pairs
}

/** `file=PATH`, `env=A,B`, or `KEY=VALUE` for a value of its own. */
export function parseSecretSources(texts: readonly string[]): SecretSource[] {
  return texts.map((text): SecretSource => {
    const at = text.indexOf('=')
    // The text may be the secret itself and is not repeated.
    if (at < 1) throw new AppError('invalid_argument', '-s takes file=PATH, env=NAME or KEY=VALUE.')
    const [key, value] = [text.slice(0, at), text.slice(at + 1)]
    return key === 'file' || key === 'env' ? { kind: key, source: value } : { kind: 'inline', source: { [key]: value } }
  })
}
