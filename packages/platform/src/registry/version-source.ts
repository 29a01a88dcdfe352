import { realpath } from 'node:fs/promises'
import { posix, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { AppError } from '@trainyard/contract'
import { systemErrorCode } from '../base/errors.ts'
import { plainText } from './registry-names.ts'

/** What clients give for prompts, which have no bytes. */
const noSource = 'dummy-source'

/**
 * Refuses a source that a client must not name: a local path outside the folders it may read, and anything whose path leads
 * elsewhere once its encodings, dots and links are undone. Sources `models:` are for the registry to look up. The tags of a version
 * make no difference.
 */
export async function checkVersionSource(source: string, options: { localFolders: readonly string[] }): Promise<void> {
  if (source === noSource) return
  const spellings = new Set([source, plainText(source)])
  for (const spelling of spellings) {
    // oxlint-disable-next-line no-control-regex
    if (/[\0-\x1F\x7F]/.test(spelling)) throw refuseElsewhere(source)
    if (schemeOf(spelling) === 'models') continue
    if (isLocal(spelling)) await checkLocal(source, spelling, options.localFolders)
    else checkRemote(source, spelling)
  }
}

const schemeOf = (text: string): string | undefined => /^\s*([a-z][a-z0-9+.-]+):/i.exec(text)?.[1]?.toLowerCase()

/** No scheme, `file:` in any spelling, a drive letter, a network share. */
const isLocal = (text: string): boolean => {
  const scheme = schemeOf(text)
  return scheme === undefined || scheme.startsWith('file') || scheme.endsWith('file')
}

async function checkLocal(source: string, spelling: string, folders: readonly string[]): Promise<void> {
  const path = localPath(spelling)
  if (path === undefined || path.split('/').includes('..')) throw refuseLocal(source)
  const real = await realPath(path).catch((error: unknown) => {
    // A path nobody can follow lies in no folder.
    if (systemErrorCode(error) === undefined) throw error
    throw refuseLocal(source)
  })
  for (const folder of folders) {
    if (isWithin(resolve(path), resolve(folder)) && isWithin(real, await realPath(folder))) return
  }
  throw refuseLocal(source)
}

/** Undefined for what is no plain absolute path of this machine. */
function localPath(text: string): string | undefined {
  if (text.includes('\\')) return undefined
  if (schemeOf(text) === undefined) return /^\/(?!\/)/.test(text) ? text : undefined
  if (!/^file:\/(?!\/)|^file:\/\/\/(?!\/)/.test(text) || /[#?;]/.test(text)) return undefined
  try {
    return fileURLToPath(new URL(text))
  } catch {
    return undefined
  }
}

const isWithin = (path: string, folder: string): boolean =>
  path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep)

/** With links followed as far as the path exists. */
async function realPath(path: string): Promise<string> {
  try {
    return await realpath(path)
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT' || posix.dirname(path) === path) throw error
    return posix.join(await realPath(posix.dirname(path)), posix.basename(path))
  }
}

function checkRemote(source: string, spelling: string): void {
  const [, rest = ''] = /^[^:]*:(?:\/\/[^/?#]*)?(.*)$/s.exec(spelling) ?? []
  const [path = '', query = ''] = rest.split(/[?#](.*)/s)
  const collapsed = path.replaceAll(/\/+/g, '/').replace(/\/$/, '')
  const isPlain = collapsed === '' || posix.normalize(collapsed) === collapsed
  if (!isPlain || spelling.includes('\\') || /(?:^|[/=&;])\.\.(?:[/&;]|$)/.test(`${path}&${query}`)) throw refuseElsewhere(source)
}

const refuse = (source: string, sentence: string): AppError =>
  new AppError('invalid_argument', `Invalid model version source: '${source.slice(0, 500)}'. ${sentence}`, {
    details: { record: 'version', rule: 'source' },
  })

const refuseLocal = (source: string): AppError =>
  refuse(
    source,
    'To use a local path as a model version source, the run_id request parameter has to be specified and the local path has to be contained within the artifact directory of the run specified by the run_id.',
  )

const refuseElsewhere = (source: string): AppError =>
  refuse(
    source,
    'If supplying a source as an http, https, local file path, ftp, objectstore, or mlflow-artifacts uri, an absolute path must be provided without relative path references present. Please provide an absolute path.',
  )
