import { AppError } from './errors.ts'

/** A function, or a version of it: `db://project/name:tag@hash`. */
export interface FunctionReference {
  project?: string
  name: string
  tag?: string
  hash?: string
}

/** Reads `[db://][project/]name[:tag][@hash]`; tag and hash may stand in either order, as MLRun writes both. Undefined for what is none. */
export function readFunctionReference(text: string): FunctionReference | undefined {
  const found = /^(?:db:\/\/)?(?:([^/:@\s]+)\/)?([^/:@\s]+)((?:[:@][^/:@\s]+){0,2})$/.exec(text.trim())
  const [, project, name = '', behind = ''] = found ?? []
  const tags = Array.from(behind.matchAll(/:([^:@]+)/g), ([, tag = '']) => tag)
  const hashes = Array.from(behind.matchAll(/@([^:@]+)/g), ([, hash = '']) => hash)
  if (!found || tags.length > 1 || hashes.length > 1) return undefined
  return {
    ...(project === undefined ? {} : { project }),
    name,
    ...(tags[0] === undefined ? {} : { tag: tags[0] }),
    ...(hashes[0] === undefined ? {} : { hash: hashes[0] }),
  }
}

/** `invalid_argument` tells the form. */
export function parseFunctionReference(text: string): FunctionReference {
  const reference = readFunctionReference(text)
  if (reference) return reference
  throw new AppError(
    'invalid_argument',
    `'${text.slice(0, 120)}' names no function: write name, name:tag, name@hash or db://project/name:tag.`,
  )
}

/** The address of one version, which always leads to the same content. */
export const printFunctionReference = ({ project, name, tag, hash }: FunctionReference & { project: string }): string =>
  `db://${project}/${name}${hash === undefined ? (tag === undefined ? '' : `:${tag}`) : `@${hash}`}`

/** Names as MLRun's clients make them: small letters, `-` for `_` and spaces. */
export const normalizedFunctionName = (name: string): string => name.toLowerCase().replaceAll(/[_\s]+/g, '-')
