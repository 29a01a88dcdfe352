import { AppError } from '@trainyard/contract'

/** Undoes percent-encoding again and again, until nothing changes; what is no encoding stays as it is. */
export function decodeFully(value: string): string {
  let decoded = value
  for (let round = 0; round < 10; round++) {
    const next = decoded.replaceAll(/(?:%[0-9a-f]{2})+/gi, (part) => {
      try {
        return decodeURIComponent(part)
      } catch {
        // Bytes that are no text in UTF-8: they stand for themselves, one by one.
        return part.replaceAll(/%([0-9a-f]{2})/gi, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)))
      }
    })
    if (next === decoded) return decoded
    decoded = next
  }
  return decoded
}

/**
 * Whether a path names something below the folder it counts from, however it is spelled: no `.` or `..`, nothing absolute, no drive
 * letters, back-slashes, control characters or addresses, also when percent-encoded any number of times. Names with percent signs
 * are fine as they are. The empty path is the folder itself.
 */
export function isPlainPath(path: string): boolean {
  const decoded = decodeFully(path)
  // oxlint-disable-next-line no-control-regex -- Control characters are what it looks for.
  if (/[\\#\u0000-\u001f\u007f]/.test(decoded) || /^[a-z]:/i.test(decoded) || decoded.startsWith('/')) return false
  // Encoded ten times over nobody means a name.
  if (/%25(?:25)*(?:2e|2f|5c|00)/i.test(decoded)) return false
  const parts = decoded.split('/')
  return !parts.some((part) => part.trim() === '..' || part.trim() === '.') && !/^file:/i.test(decoded)
}

export function checkPlainPath(path: string): string {
  if (isPlainPath(path)) return path
  throw new AppError(
    'invalid_argument',
    `The path ${JSON.stringify(path.slice(0, 200))} does not stay in its folder; write folder/file.`,
    {
      details: { field: 'path' },
    },
  )
}
