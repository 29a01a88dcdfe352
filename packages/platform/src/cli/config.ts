import { homedir, userInfo } from 'node:os'
import { withoutGiven } from './given-variables.ts'

export type EnvironmentVariables = Readonly<Record<string, string | undefined>>

/** What the environment tells the program. Read once; nothing else in the platform reads `process.env`. */
export interface CliConfig {
  /** The variables as they were at the start, without those of a run around this process; for child processes. */
  readonly environment: EnvironmentVariables
  /** `TRAINYARD_HOME`: the data directory when `--data` is not given. */
  readonly dataDirectory: string | undefined
  /** `TRAINYARD_DATABASE`: the database when `--database` is not given. */
  readonly database: string | undefined
  /** `TRAINYARD_URL` with `TRAINYARD_TOKEN`: the server whose records commands read, and that runs are sent to. */
  readonly remote: RemoteAddress | undefined
  /** `TRAINYARD_PROJECT`: the project when `--project` is not given. */
  readonly project: string | undefined
  /** `TRAINYARD_DEBUG=1`: show stack traces of errors. */
  readonly debug: boolean
  /** `NO_COLOR` set: false; `FORCE_COLOR` set (and not `0`): true; else the terminal decides. */
  readonly color: boolean | undefined
  /** False when the locale is set to something other than UTF-8: plots and symbols fall back to ASCII. */
  readonly unicode: boolean
  /** Running under a continuous integration service: progress as plain lines. */
  readonly continuousIntegration: boolean
  /** How the user called us, for commands to type next: through npx, or installed. */
  readonly programName: 'npx trainyard' | 'trainyard'
  readonly userName: string
  readonly homeDirectory: string
  readonly searchPath: string
}

export interface RemoteAddress {
  readonly url: string
  readonly token?: string
}

function remoteOf(environment: EnvironmentVariables): RemoteAddress | undefined {
  const { TRAINYARD_URL: url, TRAINYARD_TOKEN: token } = environment
  return isSet(url) ? { url: url.replace(/\/+$/, ''), ...(isSet(token) ? { token } : {}) } : undefined
}

const isSet = (value: string | undefined): value is string => value !== undefined && value !== ''
const isOn = (value: string | undefined): boolean => isSet(value) && !['0', 'false', 'no', 'off'].includes(value.toLowerCase())

function colorChoice(environment: EnvironmentVariables): boolean | undefined {
  if (environment['FORCE_COLOR'] !== undefined)
    return environment['FORCE_COLOR'] !== '0' && environment['FORCE_COLOR'] !== 'false'
  if (isSet(environment['NO_COLOR'])) return false
  if (environment['TERM'] === 'dumb') return false
  return undefined
}

function userNameOf(environment: EnvironmentVariables): string {
  const named = environment['TRAINYARD_USER'] || environment['USER'] || environment['LOGNAME'] || environment['USERNAME']
  if (named) return named
  try {
    return userInfo().username
  } catch {
    // A container may run under a user id that no name belongs to.
    return 'unknown'
  }
}

export function readConfig(inherited: EnvironmentVariables = process.env): CliConfig {
  const environment = withoutGiven(inherited)
  const locale = environment['LC_ALL'] || environment['LC_CTYPE'] || environment['LANG'] || ''
  return Object.freeze({
    environment,
    dataDirectory: environment['TRAINYARD_HOME'] || undefined,
    database: environment['TRAINYARD_DATABASE'] || undefined,
    remote: remoteOf(environment),
    project: environment['TRAINYARD_PROJECT'] || undefined,
    debug: isOn(environment['TRAINYARD_DEBUG']),
    color: colorChoice(environment),
    unicode: locale === '' || /utf-?8/i.test(locale),
    continuousIntegration: isOn(environment['CI']),
    programName: environment['npm_command'] === 'exec' ? 'npx trainyard' : 'trainyard',
    userName: userNameOf(environment),
    homeDirectory: environment['HOME'] || homedir(),
    searchPath: environment['PATH'] ?? '',
  })
}
