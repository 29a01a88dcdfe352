import { AppError } from '@trainyard/contract'

/** Options whose value may be a secret. */
const secretOptions = new Set(['-s', '--secret'])

/** A source (`file=…`, `env=…`) as it is; of a value given in place only the name. */
function withoutValue(source: string): string {
  const [key] = source.split('=', 1)
  return key === 'file' || key === 'env' || !source.includes('=') ? source : `${key}=…`
}

/** Addresses of chats are secrets; names of secrets and of people are not. */
const withoutAddress = (word: string): string => word.replace(/^(slack|teams|msteams|webhook)=(?!\$)[^]*/, '$1=…')

const withoutCredentials = (word: string): string => word.replace(/([a-z][a-z0-9+.-]*:\/\/)[^/@\s]+@/gi, '$1')

/**
 * What the user typed, for the record: secrets given by value and credentials in addresses are left out. `typed` is that list from the
 * program that started this one in the background, whose own words nobody typed.
 */
export function recordedCommandLine(argv: readonly string[], typed?: string): string[] {
  if (typed !== undefined) return readTyped(typed)
  return [
    'trainyard',
    ...argv.map((word, index) => {
      if (secretOptions.has(argv[index - 1] ?? '')) return withoutValue(word)
      if (argv[index - 1] === '--notify') return withoutAddress(word)
      const [option = '', ...value] = word.split('=')
      if (option === '--notify' && value.length > 0) return `--notify=${withoutAddress(value.join('='))}`
      if (option === '--secret' && value.length > 0) return `--secret=${withoutValue(value.join('='))}`
      if (/^-s[^=]/.test(word) && !word.startsWith('--')) return `-s${withoutValue(word.slice(2))}`
      return withoutCredentials(word)
    }),
  ]
}

function readTyped(text: string): string[] {
  try {
    const words: unknown = JSON.parse(text)
    if (Array.isArray(words) && words.every((word) => typeof word === 'string')) return words
  } catch {
    // Refused below, as anything else that is no such list.
  }
  throw new AppError('invalid_argument', `--typed must be a JSON list of words, not ${text}.`)
}
