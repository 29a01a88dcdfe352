import { lstatSync, realpathSync, statSync } from 'node:fs'
import { basename, extname, isAbsolute, join, normalize, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ArtifactKind, JournalArtifact, JsonObject } from '@trainyard/contract'
import { toJsonValue } from '../journal/json-value.ts'
import { isUrl, safeRelativePath } from './paths.ts'
import type { ArtifactBody, Spool } from './spool.ts'

export interface ArtifactOptions {
  /** Text, bytes, pieces of either, or any JSON value (kept as JSON). */
  body?: ArtifactBody | object | number | boolean | null
  /** Without `body`: the file or folder to keep, as it is now, or a URL to refer to. With `body`: the name it gets. */
  localPath?: string
  /** Place under the run's out path; ending in `/`, the folder there. Default: made of `localPath` or the key. */
  path?: string
  labels?: Record<string, string>
  /** Besides `latest`. */
  tag?: string
  /** `csv`, `json`, `png` …; default: the suffix of the name. */
  format?: string
  kind?: ArtifactKind
  title?: string
  metadata?: Record<string, unknown>
}

export interface ArtifactPlace {
  spool: Spool
  outPath: string
}

/** What every way of packing shares: the entry without its bytes. */
export function describeArtifact(
  key: string,
  path: string,
  options: ArtifactOptions,
  metadata: JsonObject = {},
): JournalArtifact {
  const format = (options.format ?? extname(path)).replace(/^\./, '').toLowerCase()
  const own = toJsonValue(options.metadata ?? {}) as JsonObject
  const facts: JsonObject = { ...own, ...metadata, ...(options.title === undefined ? {} : { title: options.title }) }
  const labels = { ...options.labels }
  return {
    key: key.toWellFormed(),
    kind: options.kind ?? 'file',
    path,
    ...(format === '' ? {} : { format }),
    ...(options.tag === undefined || options.tag === '' ? {} : { tag: options.tag }),
    ...(Object.keys(labels).length === 0 ? {} : { labels }),
    ...(Object.keys(facts).length === 0 ? {} : { metadata: facts }),
  }
}

/** The place under the out path: `path` when given (a folder when it ends in `/`), else the name. */
export function placeOf(name: string, options: Pick<ArtifactOptions, 'path'>, outPath: string): string {
  let wanted = options.path
  if (wanted !== undefined && wanted.startsWith(`${outPath}/`)) wanted = wanted.slice(outPath.length + 1)
  if (wanted === undefined || wanted === '') return safeRelativePath(name)
  if (isAbsolute(wanted) || isUrl(wanted)) {
    throw new RangeError(`its path '${wanted}' is not under the run's out path '${outPath}'`)
  }
  return safeRelativePath(wanted.endsWith('/') ? `${wanted}${name}` : wanted)
}

export function withSuffix(name: string, suffix: string): string {
  return suffix === '' || name.toLowerCase().endsWith(`.${suffix}`) ? name : `${name}.${suffix}`
}

/** Throws with half a sentence ("the path ... names no file") about what could not be done. */
export function packArtifact(key: string, options: ArtifactOptions, place: ArtifactPlace): JournalArtifact {
  if (options.body === undefined) return packPath(key, options, place)
  const { body } = options
  const isPage = /\.html?$/i.test(options.localPath ?? key) || /^html?$/i.test(options.format ?? '')
  const name = options.localPath === undefined ? key : nameUnder(options.localPath)
  const suffix = (options.format ?? '').replace(/^\./, '')
  if (isBytes(body)) {
    const ending = suffix || (typeof body !== 'string' || extname(name) !== '' ? '' : 'txt')
    return packBytes(key, withSuffix(name, options.localPath === undefined ? ending : ''), body, {
      place,
      options: { ...options, kind: options.kind ?? (isPage ? 'html' : 'file') },
    })
  }
  const text = `${JSON.stringify(toJsonValue(body) ?? null, undefined, 1)}\n`
  return packBytes(key, withSuffix(name, options.localPath === undefined ? suffix || 'json' : ''), text, {
    place,
    options: { ...options, kind: options.kind ?? 'object' },
    metadata: { encoding: 'json' },
  })
}

export function packBytes(
  key: string,
  name: string,
  body: ArtifactBody,
  more: { place: ArtifactPlace; options: ArtifactOptions; metadata?: JsonObject },
): JournalArtifact {
  const path = placeOf(name, more.options, more.place.outPath)
  const file = more.place.spool.write(body, basename(path))
  return { ...describeArtifact(key, path, more.options, more.metadata), file }
}

const isBytes = (body: unknown): body is ArtifactBody =>
  typeof body === 'string' ||
  ArrayBuffer.isView(body) ||
  body instanceof ArrayBuffer ||
  (typeof body === 'object' && body !== null && Symbol.iterator in body && !Array.isArray(body))

/** A file or folder: a snapshot of it, or a reference when it is remote or already lies under the out path. */
function packPath(key: string, options: ArtifactOptions, place: ArtifactPlace): JournalArtifact {
  let source = options.localPath
  if (source === undefined) throw new Error('it needs a body or a localPath (a file, a folder or a URL)')
  if (source.startsWith('file://')) source = fileURLToPath(source)
  if (isUrl(source)) {
    const name = source.split('://')[1]!.split('?')[0]!.replace(/\/+$/, '').split('/').at(-1) || key
    return { ...describeArtifact(key, safeRelativePath(name), options), url: source }
  }
  if (!lstatSync(source, { throwIfNoEntry: false }) && !isUrl(place.outPath)) source = join(place.outPath, source)
  const status = statSync(source, { throwIfNoEntry: false })
  if (!status) throw new Error(`there is no file or folder ${options.localPath}`)
  const isPage = /\.html?$/i.test(source)
  const kind = options.kind ?? (status.isDirectory() ? 'directory' : isPage ? 'html' : 'file')
  const settled = { ...options, kind, ...(status.isDirectory() && !options.format ? { format: '' } : {}) }
  const inside = relativeUnder(source, place.outPath)
  if (inside !== undefined) return { ...describeArtifact(key, inside, settled), url: realpathSync(source) }
  const path = placeOf(nameUnder(source) || key, options, place.outPath)
  const { file } = place.spool.copy(source, basename(path))
  return { ...describeArtifact(key, path, settled), file }
}

/** Relative paths keep their folders, others their last name. */
function nameUnder(path: string): string {
  const plain = normalize(path).replace(/[/\\]+$/, '')
  const stays = !isAbsolute(plain) && !plain.startsWith('..') && plain !== '.'
  return (stays ? plain : basename(join(process.cwd(), plain))).replaceAll(sep, '/')
}

function relativeUnder(path: string, folder: string): string | undefined {
  if (isUrl(folder) || !statSync(folder, { throwIfNoEntry: false })) return undefined
  const inside = relative(realpathSync(folder), realpathSync(path))
  return inside === '' || inside.startsWith('..') || isAbsolute(inside) ? undefined : inside.replaceAll(sep, '/')
}
