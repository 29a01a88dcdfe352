import { lookup } from 'node:dns/promises'
import { AppError } from '@trainyard/contract'
import { openGuardedProxy } from '../../base/guarded-proxy.ts'
import { checkAddress, isPrivate, refusedAddress } from '../../base/guarded-request.ts'
import type { GitOptions } from './git.ts'

/** What the program `git` is given as its environment, and what keeps it from where it may not go. */
export interface GitAccess extends AsyncDisposable {
  readonly environment: Record<string, string>
  /** Why it was kept from connecting. */
  readonly refusal: AppError | undefined
}

const tokenPrefix = 'TRAINYARD_GIT_TOKEN_'
/** Whose token `GIT_TOKEN` is, unless `GIT_TOKEN_HOSTS` says otherwise. */
const usualHosts = 'github.com'

/**
 * The variable that holds the token of one host alone: `TRAINYARD_GIT_TOKEN_GIT_EXAMPLE_COM` for git.example.com, `…_GIT__EXAMPLE_COM` for
 * git-example.com, `…_GIT_EXAMPLE_COM_8443` for another port of the first. No two hosts share one: no word of a name begins or ends with `-`,
 * and no name but an address of four numbers ends with a number. Undefined for names that are not made so.
 */
export function tokenVariable({ hostname, port }: { hostname: string; port: string }): string | undefined {
  if (!/^[a-z0-9]+(?:(?:\.|-+)[a-z0-9]+)*$/.test(hostname)) return undefined
  const host = hostname.replaceAll('-', '__').replaceAll('.', '_').toUpperCase()
  return `${tokenPrefix}${host}${port === '' ? '' : `_${port}`}`
}

/** The token that is meant for the host and port of an address, which must be encrypted; no other is told of it. */
export function tokenFor(url: string, environment: GitOptions['environment']): string | undefined {
  const parsed = URL.parse(url)
  if (parsed?.protocol !== 'https:') return undefined
  const variable = tokenVariable(parsed)
  const own = variable === undefined ? undefined : environment[variable]
  if (own !== undefined && own !== '') return own
  const hosts = (environment['GIT_TOKEN_HOSTS'] || usualHosts).split(',').map((host) => host.trim().toLowerCase())
  return hosts.includes(parsed.host) ? environment['GIT_TOKEN'] || undefined : undefined
}

const isToken = (name: string): boolean => name.startsWith(tokenPrefix) || /^GIT_(?!SSH|SSL|PROXY|CONFIG)/.test(name)

/** Readies `git` for one repository: its host's token alone, no hooks, no questions, and where only public addresses may be asked, a guard. */
export async function openGitAccess(url: string, { environment, allowPrivate }: GitOptions): Promise<GitAccess> {
  const inherited = Object.entries(environment).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && !isToken(entry[0]),
  )
  const settings: [string, string][] = [
    // Commands hidden in an address, and hooks of a repository, must not run.
    ['protocol.ext.allow', 'never'],
    ['core.hooksPath', '/dev/null'],
    ['core.symlinks', 'false'],
    ['advice.detachedHead', 'false'],
  ]
  const token = tokenFor(url, environment)
  if (token !== undefined) {
    const login = Buffer.from(`x-access-token:${token}`).toString('base64')
    settings.push([`http.${new URL(url).origin}/.extraHeader`, `Authorization: Basic ${login}`])
  }
  if (allowPrivate)
    return { environment: gitEnvironment(inherited, settings), refusal: undefined, [Symbol.asyncDispose]: async () => {} }
  if (!/^https?:/.test(url)) {
    const ssh = await pinnedSsh(url, environment['GIT_SSH_COMMAND'])
    return {
      environment: { ...gitEnvironment(inherited, settings), GIT_SSH_COMMAND: ssh },
      refusal: undefined,
      [Symbol.asyncDispose]: async () => {},
    }
  }
  checkAddress(url.replace(/\/\/[^@/]*@/, '//'), false)
  const proxy = await openGuardedProxy()
  settings.push(['http.proxy', proxy.url])
  // A host that needs no proxy would be asked without the guard.
  const guarded = inherited.filter(([name]) => !/^(?:no|all|https?)_proxy$/i.test(name))
  return {
    environment: gitEnvironment(guarded, settings),
    get refusal() {
      return proxy.refusal
    },
    [Symbol.asyncDispose]: () => proxy[Symbol.asyncDispose](),
  }
}

const gitEnvironment = (inherited: [string, string][], settings: [string, string][]): Record<string, string> => ({
  ...Object.fromEntries(inherited),
  GIT_TERMINAL_PROMPT: '0',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_COUNT: String(settings.length),
  // As variables, not as words: everybody may read the words of a process.
  ...Object.fromEntries(
    settings.flatMap(([name, value], at) => [
      [`GIT_CONFIG_KEY_${at}`, name],
      [`GIT_CONFIG_VALUE_${at}`, value],
    ]),
  ),
})

/** The command that connects to the very address that was looked at, by the name whose key is known. */
async function pinnedSsh(url: string, command = 'ssh'): Promise<string> {
  const host = /^git@([\w.-]+):/.exec(url)?.[1] ?? URL.parse(url)?.hostname.replace(/^\[|\]$/g, '') ?? ''
  if (!/^[\w.:-]+$/.test(host)) throw new AppError('invalid_argument', `The Git address ${url.slice(0, 200)} names no host.`)
  const found = await lookup(host, { all: true }).catch((error: unknown) => {
    throw new AppError('unavailable', `Cannot reach ${host}: there is no such host.`, { cause: error })
  })
  const refused = found.find(({ address }) => isPrivate(address))
  if (refused !== undefined || found.length === 0) throw refusedAddress(host)
  return `${command} -o HostName=${found[0]!.address} -o HostKeyAlias=${host}`
}
