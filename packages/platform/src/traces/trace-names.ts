import { AppError } from '@trainyard/contract'

const longestKey = 250
const largestTextBytes = 1_048_576

/** Ids become names of folders. */
export function checkTraceId(id: string): void {
  if (!/^[A-Za-z0-9][\w-]{0,127}$/.test(id))
    throw new AppError(
      'invalid_argument',
      `'${id.slice(0, 100)}' is no id of a trace: it has up to 128 letters, digits, '-' and '_'.`,
      { details: { record: 'trace' } },
    )
}

/** Tags and metadata: keys of up to 250 characters, values of up to a mebibyte. */
export function checkTexts(what: string, texts: Readonly<Record<string, string>>): void {
  for (const [key, value] of Object.entries(texts)) {
    if (key === '' || key.length > longestKey || key.includes('\0') || !key.isWellFormed())
      throw new AppError(
        'invalid_argument',
        `The ${what} '${key.slice(0, 40)}' has no usable name: it has 1 to ${longestKey} characters.`,
      )
    checkText(`${what} '${key}'`, value)
  }
}

export function checkText(what: string, text: string): void {
  if (Buffer.byteLength(text) > largestTextBytes)
    throw new AppError('invalid_argument', `The ${what} is larger than 1 MiB; keep it in an artifact instead.`)
  if (text.includes('\0') || !text.isWellFormed())
    throw new AppError('invalid_argument', `The ${what} holds characters that are no text.`)
}
