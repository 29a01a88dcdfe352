import { extname } from 'node:path'

/** File systems stop at 255 bytes a name; the rest is room for suffixes of ours and of the stores. */
const maxComponentBytes = 160
/** S3 stops at 1,024 bytes a key, the prefix of the out path included. */
const maxPathBytes = 640

// Refused by Windows, by shells or by URLs; emoji, spaces and letters of any language stay.
// oxlint-disable-next-line no-control-regex
const unsafe = /[\u0000-\u001f\u007f"'`<>|?*:\\#%$\ud800-\udfff]/gu

/** Loaded on first use: it takes as long as all the rest of the package. */
const shortHash = (text: string): string =>
  process.getBuiltinModule('node:crypto').createHash('sha256').update(text).digest('hex').slice(0, 10)

/** One file name from any text. A name that had to change gets a short hash of the original, so that two never collide. */
export function safeComponent(name: string): string {
  const safe = name.replace(unsafe, '_').replace(/[ .]+$/, '') || '_'
  const ending = extname(safe)
  if (Buffer.byteLength(safe) > maxComponentBytes) {
    const suffix = ending.length > 0 && Buffer.byteLength(ending) <= 16 ? ending : ''
    const stem = Buffer.from(safe)
      .subarray(0, maxComponentBytes - 32)
      .toString('utf8')
      .replace(/\ufffd+$/, '')
    return `${stem}-${shortHash(name)}${suffix}`
  }
  return safe === name ? safe : `${safe.slice(0, safe.length - ending.length)}-${shortHash(name)}${ending}`
}

/** A relative path with `/` between safe parts. Throws a `RangeError` for `..`: nothing may leave the out path. */
export function safeRelativePath(name: string): string {
  const parts = name.split('/').filter((part) => part !== '' && part !== '.')
  if (parts.includes('..'))
    throw new RangeError(`the path '${name.slice(0, 100)}' leaves the run's out path: use one without '..'`)
  if (parts.length === 0) throw new RangeError(`the path '${name.slice(0, 100)}' names no file`)
  const safe = parts.map(safeComponent).join('/')
  return Buffer.byteLength(safe) <= maxPathBytes ? safe : `${shortHash(name)}-${safeComponent(parts.at(-1)!)}`
}

export const isUrl = (text: string): boolean => text.includes('://')
