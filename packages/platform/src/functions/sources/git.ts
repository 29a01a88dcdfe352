import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '@trainyard/contract'
import { openGitAccess, tokenVariable } from './git-access.ts'

/** A place in a Git repository. */
export interface GitSource {
  /** For `git`: https, ssh, or a path of this machine. */
  url: string
  /** A branch, a tag or a commit; the default branch without it. */
  ref?: string
  /** Within the repository. */
  folder?: string
}

export interface GitOptions {
  /** Repositories are kept below it, one folder for each commit. */
  cacheFolder: string
  /**
   * What git inherits. Tokens open private repositories over https, each for its host alone: `TRAINYARD_GIT_TOKEN_<HOST>`, and `GIT_TOKEN`
   * for github.com or the hosts of `GIT_TOKEN_HOSTS`.
   */
  environment: Readonly<Record<string, string | undefined>>
  /** Whether paths of this machine may be named. */
  allowLocal: boolean
  /** Whether this machine and private networks may be asked, also without encryption: not for others, over the network. */
  allowPrivate: boolean
  onNote?: (line: string) => void
  signal: AbortSignal
}

const timeoutMs = 600_000

/**
 * Reads `git://host/path.git#ref:folder`, and the same with https, ssh, file or `git@host:path`. MLRun's `git://` means https. A ref
 * may be written `refs/heads/main`. Undefined when it is no address of a repository.
 */
export function parseGitSource(text: string): GitSource | undefined {
  const [address = '', fragment = ''] = splitOnce(text.trim(), '#')
  const isGit =
    /^git(?:\+\w+)?:\/\//.test(address) ||
    /^(?:https?|ssh|file):\/\/.+\.git\/?$/.test(address) ||
    /^git@[\w.-]+:\S+$/.test(address)
  if (!isGit) return undefined
  const url = address.replace(/^git:\/\//, 'https://').replace(/^git\+/, '')
  const [ref = '', folder = ''] = splitOnce(fragment, ':')
  return {
    url,
    ...(ref === '' ? {} : { ref: ref.replace(/^refs\/(?:heads|tags)\//, '') }),
    ...(folder === '' ? {} : { folder }),
  }
}

const splitOnce = (text: string, sign: string): string[] => {
  const at = text.indexOf(sign)
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)]
}

const shown = (url: string): string => url.replace(/\/\/[^@/]*@/, '//')

function checkGitSource({ url, ref, folder }: GitSource, allowLocal: boolean): void {
  const refuse = (reason: string): never => {
    throw new AppError('invalid_argument', `The Git address ${shown(url).slice(0, 200)} is refused: ${reason}.`)
  }
  if (url.startsWith('-') || /[\s\0]/.test(url)) refuse('it is no address')
  if (!/^(?:https?|ssh|file):\/\/|^git@/.test(url)) refuse('use https://, ssh:// or git@host:path')
  if (url.startsWith('file:') && !allowLocal) refuse('it names a folder of the server')
  if (ref !== undefined && (ref.startsWith('-') || /[\s\0:^~?*[\\]|\.\./.test(ref)))
    refuse(`'${ref.slice(0, 60)}' is no name of a branch, tag or commit`)
  if (folder !== undefined && (folder.startsWith('/') || folder.split(/[\\/]/).includes('..')))
    refuse(`the folder ${folder.slice(0, 60)} leads out of the repository`)
}

/**
 * The files of a repository at a ref, in a folder that others share and nobody may write to. A branch is asked for its newest commit
 * each time; a commit that is there is not fetched again. `invalid_argument` with git's own reason when the repository or ref is not
 * to be had, `failed_precondition` without git.
 */
export async function fetchGit(source: GitSource, options: GitOptions): Promise<{ folder: string; commit: string }> {
  checkGitSource(source, options.allowLocal)
  const wanted = source.ref ?? 'HEAD'
  const commit = /^[0-9a-f]{40}$/.test(wanted) ? wanted : await commitOf(source, wanted, options)
  const key = createHash('sha256').update(source.url).digest('hex').slice(0, 12)
  const folder = join(options.cacheFolder, `git-${key}-${commit.slice(0, 16)}`)
  if (!existsSync(folder)) {
    options.onNote?.(`fetching ${shown(source.url)} at ${commit.slice(0, 10)}`)
    await mkdir(options.cacheFolder, { recursive: true })
    const fresh = await mkdtemp(join(options.cacheFolder, 'fetching-'))
    try {
      await checkOut(source, commit, fresh, options)
      // Somebody else may have been faster; what they have is the same.
      if (!existsSync(folder)) await rename(fresh, folder).catch((error: unknown) => requireThere(folder, error))
    } finally {
      await rm(fresh, { recursive: true, force: true })
    }
  }
  return { folder, commit }
}

function requireThere(folder: string, error: unknown): void {
  if (!existsSync(folder)) throw error
}

async function commitOf(source: GitSource, wanted: string, options: GitOptions): Promise<string> {
  const listed = await git(source, ['ls-remote', '--', source.url, ...(wanted === 'HEAD' ? ['HEAD'] : [])], options)
  const lines = listed.split('\n').map((line) => line.split('\t') as [string, string])
  const named = (name: string): string | undefined => lines.find(([, ref]) => ref === name)?.[0]
  // Of an annotated tag the commit behind it, not the tag itself.
  const found =
    wanted === 'HEAD'
      ? named('HEAD')
      : (named(`refs/heads/${wanted}`) ?? named(`refs/tags/${wanted}^{}`) ?? named(`refs/tags/${wanted}`) ?? named(wanted))
  if (found !== undefined) return found
  const short = /^[0-9a-f]{7,39}$/.test(wanted) ? ' (a commit needs all its 40 digits)' : ''
  const branches = lines.flatMap(([, ref]) => (ref?.startsWith('refs/heads/') ? [ref.slice(11)] : [])).slice(0, 10)
  throw new AppError(
    'invalid_argument',
    `The repository ${shown(source.url)} has no branch or tag ${wanted}${short}${branches.length > 0 ? `; its branches: ${branches.join(', ')}` : ''}.`,
  )
}

async function checkOut(source: GitSource, commit: string, folder: string, options: GitOptions): Promise<void> {
  const inside = ['-C', folder]
  await git(source, ['init', '--quiet', folder], options)
  try {
    await git(source, [...inside, 'fetch', '--quiet', '--depth', '1', '--no-tags', '--', source.url, commit], options)
  } catch {
    // Not every server gives out a commit by itself.
    await git(
      source,
      [...inside, 'fetch', '--quiet', '--', source.url, '+refs/heads/*:refs/remotes/o/*', '+refs/tags/*:refs/tags/*'],
      options,
    )
  }
  await git(source, [...inside, 'checkout', '--quiet', '--detach', commit], options)
}

async function git(source: GitSource, words: string[], options: GitOptions): Promise<string> {
  const { execa, ExecaError } = await import('execa')
  const { signal } = options
  await using access = await openGitAccess(source.url, options)
  try {
    const { stdout } = await execa('git', words, {
      env: access.environment,
      extendEnv: false,
      cancelSignal: signal,
      timeout: timeoutMs,
      stdin: 'ignore',
      stripFinalNewline: true,
    })
    return stdout
  } catch (error) {
    if (signal.aborted || !(error instanceof ExecaError)) throw error
    if (access.refusal !== undefined) throw access.refusal
    if (error.code === 'ENOENT')
      throw new AppError('failed_precondition', 'Git is not installed here, and the code lies in a Git repository.', {
        cause: error,
      })
    if (error.timedOut)
      throw new AppError('unavailable', `Git gave no answer from ${shown(source.url)} in ${timeoutMs / 60_000} minutes.`)
    throw new AppError(
      'invalid_argument',
      `Cannot read the repository ${shown(source.url)}: ${gitReason(String(error.stderr), source.url)}.`,
      {
        cause: error,
      },
    )
  }
}

const tokenHint = (url: string): string => {
  const parsed = URL.parse(url)
  const variable = parsed?.protocol === 'https:' ? tokenVariable(parsed) : undefined
  return variable === undefined ? '' : ` (a token goes into the variable ${variable})`
}

/** The line that says why, without what git puts before it. */
function gitReason(stderr: string, url: string): string {
  const lines = stderr.split('\n').map((line) => line.trim())
  const told = lines.find((line) => /^(?:fatal|error|ERROR): /.test(line)) ?? lines.find((line) => line !== '') ?? 'git failed'
  const reason = told.replace(/^(?:fatal|error|ERROR): /, '').replace(/\.$/, '')
  if (/could not read Username|Authentication failed|terminal prompts disabled/.test(reason))
    return `it does not exist, or wants a login${tokenHint(url)}`
  return shown(reason).slice(0, 300)
}
