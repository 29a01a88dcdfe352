import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { AppError, didYouMean } from '@trainyard/contract'
import { locateDataDirectory } from '../base/data-directory.ts'
import { messageOf, systemReason } from '../base/errors.ts'
import type { Cli } from './cli.ts'
import { renderTable } from './output/table.ts'
import { visible } from './output/visible.ts'

/** What commander read; a list is absent when its flag was never given. */
export type UpFlags = Partial<Record<string, string | boolean | string[]>> & { config?: string; printConfig?: boolean }

type Reader<Value> = (value: unknown) => Value | undefined

interface Setting<Value> {
  readonly variable: string
  readonly read: Reader<Value>
  /** What it must be, for sentences. */
  readonly form: string
  readonly otherwise: Value
  readonly secret?: boolean
}

const setting = <Value>(
  variable: string,
  read: Reader<Value>,
  form: string,
  otherwise: Value,
  options: { secret?: boolean } = {},
): Setting<Value> => ({ variable, read, form, otherwise, ...options })

const text: Reader<string> = (value) => (typeof value === 'string' && value !== '' ? value : undefined)
const flag: Reader<boolean> = (value) => {
  if (typeof value === 'boolean') return value
  if (/^(?:1|true|yes|on)$/i.test(String(value))) return true
  return /^(?:0|false|no|off)$/i.test(String(value)) ? false : undefined
}
const list: Reader<string[]> = (value) => {
  const items = typeof value === 'string' ? value.split(',').map((item) => item.trim()) : value
  return Array.isArray(items) && items.every((item) => text(item) !== undefined) ? (items as string[]) : undefined
}
const port: Reader<number> = (value) => {
  const number = /^\d{1,5}$/.test(String(value)) ? Number(value) : Number.NaN
  return number <= 65_535 ? number : undefined
}
const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']
const level: Reader<string> = (value) => levels.find((name) => name === value)

/** Every setting of the server: its name in the file and, with dashes, as a flag. */
const table = {
  host: setting('TRAINYARD_HOST', text, 'an address', '127.0.0.1'),
  port: setting<number | undefined>('TRAINYARD_PORT', port, 'a whole number from 0 to 65535', undefined),
  allowRemote: setting('TRAINYARD_ALLOW_REMOTE', flag, 'true or false', false),
  allowHost: setting('TRAINYARD_ALLOW_HOST', list, 'a list of names', [] as string[]),
  allowOrigin: setting('TRAINYARD_ALLOW_ORIGIN', list, 'a list of origins such as https://lab.example.org', [] as string[]),
  token: setting<string | undefined>('TRAINYARD_TOKEN', text, 'a text', undefined, { secret: true }),
  allowPrivateAddresses: setting('TRAINYARD_ALLOW_PRIVATE_ADDRESSES', flag, 'true or false', false),
  artifacts: setting<string | undefined>('TRAINYARD_ARTIFACTS', text, 'an address such as s3://bucket/folder', undefined),
  artifactRoot: setting('TRAINYARD_ARTIFACT_ROOT', list, 'a list of folders', [] as string[]),
  log: setting('TRAINYARD_LOG', level, `one of ${levels.join(', ')}`, 'warn'),
  jobs: setting('TRAINYARD_JOBS', flag, 'true or false', true),
  jobCpus: setting<string | undefined>('TRAINYARD_JOB_CPUS', text, 'a number of CPUs such as 4 or 500m', undefined),
  jobMemory: setting<string | undefined>('TRAINYARD_JOB_MEMORY', text, 'an amount of memory such as 8Gi', undefined),
  jobGpus: setting<number | undefined>('TRAINYARD_JOB_GPUS', port, 'a whole number of GPUs', undefined),
  open: setting<boolean | undefined>('TRAINYARD_OPEN', flag, 'true or false', undefined),
}
type Name = keyof typeof table
const names = Object.keys(table) as Name[]

/** One value and which rule chose it. */
interface Chosen {
  readonly value: unknown
  readonly from: string
}
export type ServerSettings = Readonly<Record<Name, Chosen>>
type Values = { readonly [N in Name]: (typeof table)[N]['otherwise'] }

export const valuesOf = (settings: ServerSettings): Values =>
  Object.fromEntries(names.map((name) => [name, settings[name].value])) as Values

/** Flags before the environment before the file before what is usual. `invalid_argument` names what was wrong and where. */
export async function readSettings(cli: Cli, flags: UpFlags): Promise<ServerSettings> {
  const file = await readFile(cli, flags.config)
  const chosen = names.map((name): [Name, Chosen] => {
    const { variable } = table[name]
    const spelled = `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
    const fromEnvironment = cli.config.environment[variable]
    if (flags[name] !== undefined) return [name, checked(name, flags[name], spelled)]
    if (fromEnvironment !== undefined && fromEnvironment !== '') return [name, checked(name, fromEnvironment, variable)]
    if (file && Object.hasOwn(file.values, name)) return [name, checked(name, file.values[name], `${file.path}: ${name}`)]
    return [name, { value: table[name].otherwise, from: 'usual' }]
  })
  return Object.fromEntries(chosen) as Record<Name, Chosen>
}

function checked(name: Name, given: unknown, from: string): Chosen {
  const value = table[name].read(given)
  if (value !== undefined) return { value, from }
  const shown = table[name].secret === true ? '' : `, not ${JSON.stringify(given) ?? String(given)}`
  throw new AppError('invalid_argument', `${from} is ${table[name].form}${shown}.`)
}

async function readFile(
  cli: Cli,
  named: string | undefined,
): Promise<{ path: string; values: Record<string, unknown> } | undefined> {
  const place = locateDataDirectory({
    workingDirectory: cli.workingDirectory,
    ...(cli.globals.data === undefined ? {} : { flag: cli.globals.data }),
    ...(cli.config.dataDirectory === undefined ? {} : { environment: cli.config.dataDirectory }),
  })
  const wanted = named ?? cli.config.environment['TRAINYARD_CONFIG']
  const path = wanted === undefined ? join(place.path, 'trainyard.yaml') : resolve(cli.workingDirectory, wanted)
  if (wanted === undefined && !existsSync(path)) return undefined
  let content: string
  try {
    content = readFileSync(path, 'utf8')
  } catch (error) {
    throw new AppError('not_found', `Cannot read the settings ${path}: ${systemReason(error)}.`, { cause: error })
  }
  return { path, values: await parseFile(path, content) }
}

async function parseFile(path: string, content: string): Promise<Record<string, unknown>> {
  const { load } = await import('js-yaml')
  let document: unknown
  try {
    document = load(content)
  } catch (error) {
    throw new AppError('invalid_argument', `${path} is not valid YAML: ${messageOf(error).split('\n')[0]}.`, { cause: error })
  }
  const values = (document as { server?: unknown } | undefined)?.server ?? {}
  if (typeof values !== 'object' || values === null || Array.isArray(values))
    throw new AppError('invalid_argument', `${path}: server holds settings, one per line, such as port: 5000.`)
  const unknown = Object.keys(values).find((key) => !Object.hasOwn(table, key))
  if (unknown !== undefined)
    throw new AppError('invalid_argument', `${path}: there is no setting '${unknown}'${didYouMean(unknown, names)}.`)
  return values as Record<string, unknown>
}

function textOfSetting(value: unknown): string {
  if (value === null) return '-'
  if (Array.isArray(value)) return value.join(', ') || '-'
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** Secrets are told to be there, not what they are. */
export async function printSettings(cli: Cli, settings: ServerSettings): Promise<void> {
  const shown = names.map((name) => {
    const { value, from } = settings[name]
    return { name, value: table[name].secret === true && value !== undefined ? '(set)' : (value ?? null), from }
  })
  if (cli.globals.json) return await cli.printJson(Object.fromEntries(shown.map(({ name, ...rest }) => [name, rest])))
  const rows = shown.map(({ name, value, from }) => [name, visible(textOfSetting(value)), visible(from)])
  const columns = [{ header: 'setting' }, { header: 'value', shrinkTo: 10 }, { header: 'from', shrinkTo: 10 }]
  await cli.print(renderTable(columns, rows, { width: cli.width, style: cli.style }).join('\n'))
}
