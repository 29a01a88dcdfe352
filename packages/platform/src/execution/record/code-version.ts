import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { type CodeVersion, isEndpoint } from '@trainyard/contract'

const run = promisify(execFile)

type Environment = Readonly<Record<string, string | undefined>>

const git = async (folder: string, environment: Environment, ...arguments_: string[]): Promise<string | undefined> => {
  try {
    const { stdout } = await run('git', ['-C', folder, ...arguments_], {
      maxBuffer: 64 << 20,
      // Never take the index lock from the user's own git, never ask for a password.
      env: { ...environment, GIT_OPTIONAL_LOCKS: '0', GIT_TERMINAL_PROMPT: '0', LC_ALL: 'C' },
    })
    return stdout
  } catch {
    // No git, no repository, no commit yet: all mean that there is nothing to tell.
    return undefined
  }
}

/** A remote's address without the user name and password it may carry. */
export const withoutCredentials = (remote: string): string => remote.replace(/^([a-z+]+:\/\/)[^/@]*@/, '$1')

export interface CodeSnapshot {
  version: CodeVersion
  /** The script itself, when it could be read and is at most 1 MiB. */
  script?: Uint8Array
  /** `git diff HEAD` when the work tree is dirty. */
  diff?: string
}

const scriptLimitBytes = 1 << 20

/** Whether asking git can tell anything: starting it costs a short run 10 ms. */
function hasRepository(folder: string, environment: Environment): boolean {
  if (environment['GIT_DIR'] !== undefined) return true
  for (let current = resolve(folder); ; current = dirname(current)) {
    if (existsSync(join(current, '.git'))) return true
    if (current === dirname(current)) return false
  }
}

interface GitState {
  git?: NonNullable<CodeVersion['git']>
  diff?: string
}

async function gitState(folder: string, environment: Environment): Promise<GitState> {
  if (!hasRepository(folder, environment)) return {}
  // One process for the common case: commit, branch and root together; 4-8 ms each here.
  const head = await git(folder, environment, 'rev-parse', 'HEAD', '--abbrev-ref', 'HEAD', '--show-toplevel')
  if (head === undefined) return {}
  const lines = head.trimEnd().split('\n')
  // `--abbrev-ref` holds for all that follows it, so the three answers come in order.
  const [commit, branch, root] = [lines[0]!, lines[1], lines[2] ?? folder]
  const [status, remote] = await Promise.all([
    git(folder, environment, 'status', '--porcelain', '--untracked-files=no'),
    git(folder, environment, 'config', '--get', 'remote.origin.url'),
  ])
  const dirty = (status ?? '').trim() !== ''
  const diff = dirty ? await git(folder, environment, 'diff', 'HEAD', '--no-color', '--no-ext-diff') : undefined
  return {
    git: {
      commit,
      ...(branch !== undefined && branch !== 'HEAD' ? { branch } : {}),
      ...(remote ? { remote: withoutCredentials(remote.trim()) } : {}),
      root,
      dirty,
    },
    ...(diff === undefined ? {} : { diff }),
  }
}

/** What ran: script, commit, uncommitted changes. Never fails: what cannot be told is left out. */
export async function captureCodeVersion(options: {
  file: string
  handler?: string
  commandLine: string[]
  workingDirectory: string
  environment: Environment
}): Promise<CodeSnapshot> {
  // The code of a function elsewhere is not to be had.
  const [bytes, state]: [Buffer | undefined, GitState] = isEndpoint(options.file)
    ? [undefined, {}]
    : await Promise.all([readFile(options.file).catch(() => undefined), gitState(dirname(options.file), options.environment)])
  return {
    version: {
      file: options.file,
      ...(options.handler === undefined ? {} : { handler: options.handler }),
      commandLine: options.commandLine,
      workingDirectory: options.workingDirectory,
      ...(bytes === undefined ? {} : { scriptSha256: createHash('sha256').update(bytes).digest('hex') }),
      ...(state.git === undefined ? {} : { git: state.git }),
    },
    ...(bytes !== undefined && bytes.length <= scriptLimitBytes ? { script: bytes } : {}),
    ...(state.diff === undefined ? {} : { diff: state.diff }),
  }
}
