import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { AppError } from '@trainyard/contract'
import { messageOf } from '../base/errors.ts'

/** An address of an object or of a folder of objects, taken apart. */
export type ObjectUrl =
  | { scheme: 'file'; path: string }
  | { scheme: 'http'; url: URL }
  | BucketUrl<'s3'>
  | BucketUrl<'gs'>
  | BucketUrl<'az'>
  | BucketUrl<'memory'>
  | { scheme: 'store'; url: string }

/** `key` is empty for the whole bucket; it is kept as written, without percent-decoding, as the vendors' own tools do. */
export interface BucketUrl<Scheme extends 's3' | 'gs' | 'az' | 'memory'> {
  scheme: Scheme
  bucket: string
  key: string
}

/** What users may write, for sentences. */
export const objectUrlForms = 'a path, file://, http(s)://, s3://bucket/key, gs://bucket/key, az://container/key or store://'

/** Below a web address nothing can be listed: it has no folders. */
export const hasFolders = ({ scheme }: ObjectUrl): boolean => scheme !== 'http'

/** Reads a path or URL. Relative paths count from `workingDirectory`. Fails with `invalid_argument`. */
export function parseObjectUrl(text: string, options: { workingDirectory: string }): ObjectUrl {
  if (text.trim() === '') throw new AppError('invalid_argument', `An address is empty; write ${objectUrlForms}.`)
  if (text.includes('\0')) throw new AppError('invalid_argument', 'An address contains a NUL character.')
  const scheme = /^([a-z][a-z0-9+.-]+):\/\//i.exec(text)?.[1]?.toLowerCase()
  switch (scheme) {
    case undefined:
      return { scheme: 'file', path: resolve(options.workingDirectory, text) }
    case 'file':
      return { scheme: 'file', path: pathOfFileUrl(text) }
    case 'http':
    case 'https':
      return { scheme: 'http', url: parseWebUrl(text) }
    case 's3':
    case 'gs':
    case 'az':
    case 'memory':
      return { scheme, ...parseBucketUrl(scheme, text) }
    case 'store':
      return { scheme, url: text }
    default:
      throw new AppError(
        'invalid_argument',
        `The address ${shortened(text)} begins with ${scheme}://, which is not known; write ${objectUrlForms}.`,
      )
  }
}

function pathOfFileUrl(text: string): string {
  try {
    return fileURLToPath(text)
  } catch (error) {
    throw new AppError(
      'invalid_argument',
      `The address ${shortened(text)} is not a file on this machine (${messageOf(error)}); write file:///absolute/path.`,
      {
        cause: error,
      },
    )
  }
}

function parseWebUrl(text: string): URL {
  const url = URL.parse(text)
  if (!url) throw new AppError('invalid_argument', `The address ${shortened(text)} is not a valid URL.`)
  return url
}

function parseBucketUrl(scheme: string, text: string): { bucket: string; key: string } {
  const rest = text.slice(scheme.length + 3)
  const slash = rest.indexOf('/')
  const bucket = slash < 0 ? rest : rest.slice(0, slash)
  if (!/^[A-Za-z0-9$][\w.$-]*$/.test(bucket)) {
    throw new AppError(
      'invalid_argument',
      `The address ${shortened(text)} names no ${scheme === 'az' ? 'container' : 'bucket'}; write ${scheme}://name/key.`,
    )
  }
  return { bucket, key: slash < 0 ? '' : rest.slice(slash + 1) }
}

/** For sentences: without credentials (`https://user:secret@host`) and query (signatures), and not too long. */
export function shortened(text: string): string {
  const bare = text.replace(/^([a-z]+:\/\/)[^/@]*@/i, '$1').replace(/^(https?:\/\/[^?]*)\?.*$/is, '$1?…')
  return bare.length > 200 ? `${bare.slice(0, 200)}…` : bare
}

/** A place below a folder that is given as a path or as an address. */
export const joinPlace = (folder: string, ...parts: string[]): string =>
  /^[a-z][a-z0-9+.-]+:\/\//i.test(folder) ? [folder.replace(/\/+$/, ''), ...parts].join('/') : join(folder, ...parts)
