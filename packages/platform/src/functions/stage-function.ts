import { existsSync, readFileSync } from 'node:fs'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { basename, delimiter, isAbsolute, join, relative, resolve, sep } from 'node:path'
import { AppError, isAppError, isJsonObject, type Task } from '@trainyard/contract'
import type { FunctionSpec } from '@trainyard/contract/function'
import { outlineFunction } from './function-outline.ts'
import type { FunctionVersion } from './functions.ts'
import { locateCode, type LocatedCode } from './locate-code.ts'
import { contentName, fetchSource, type FetchedSource, inside, type SourceOptions } from './sources/source.ts'

/** A version of a function with its code laid out on this machine: what a run of it begins with. */
export interface StagedFunction {
  /**
   * Script, handler, default parameters, variables (those that hold secrets by the secret's name), requirements, resources, retries, time limits and labels as the function has
   * them; what is asked for goes over it (`overFunction`). The label `function` tells the version.
   */
  task: Task
  /** Where the process works; undefined: where it is called. */
  workingDirectory?: string
  /** The folder of fetched code that runs share: each works in a copy of it (`inOwnCopy`). */
  sharedFolder?: string
  /** The commit or hash of what was fetched. */
  revision?: string
  /** What the function says that has no meaning for a process on this machine, each as a sentence. */
  notes: string[]
}

export type StageableFunction = Pick<FunctionVersion, 'project' | 'name' | 'reference' | 'spec'> &
  Partial<Pick<FunctionVersion, 'status'>>

/**
 * Lays the code of a function out: embedded code as a file by its content, a source fetched once for each content. Repeats are cheap
 * and change nothing. With another handler `asked` for, defaults that it does not take are left out. `invalid_argument` says which code is
 * missing.
 */
export async function stageFunction(
  version: StageableFunction,
  options: StageOptions,
  asked: Pick<Task, 'handler' | 'image' | 'autolog'> = {},
): Promise<StagedFunction> {
  const { spec } = version
  const place = packedSource(version) ?? spec.source
  const source = place === undefined ? undefined : await fetchFor(place, options)
  const folder = source && workFolder(spec, source)
  const code = await layOut(version, options, source, folder)
  const paths = [folder, source?.folder, spec.pythonPath && source ? join(source.folder, spec.pythonPath) : undefined]
  const pythonPath = Array.from(new Set(paths.filter((path) => path !== undefined))).join(delimiter)
  const { values, secrets } = splitEnvironment(spec)
  const requirements = requirementsOf(spec, source?.folder)
  const image = await imageFor(version, options, { requirements, asked })
  const environment = { ...values, ...(pythonPath === '' ? {} : { PYTHONPATH: pythonPath }) }
  return {
    task: {
      ...taskOf(version, code, image.isUsed ? [] : requirements, asked),
      ...(image.isUsed ? { image: image.name } : {}),
      ...(Object.keys(environment).length === 0 ? {} : { environment }),
      ...(Object.keys(secrets).length === 0 ? {} : { environmentSecrets: secrets }),
    },
    ...(folder === undefined ? {} : { workingDirectory: folder }),
    ...sharedFolderOf(options.cacheFolder, source),
    ...(source?.revision === undefined ? {} : { revision: source.revision }),
    notes: notesOf(spec, image),
  }
}

export interface StageOptions extends SourceOptions {
  /** Whether containers of an image can be started here; without it none are. */
  imageState?: (image: string) => Promise<'ready' | 'absent' | 'no engine'>
}

type ChosenImage = { isUsed: true; name: string } | { isUsed: false; reason?: string }

/**
 * The image that the function was built into, else the one that it names, where a container of it can be started; with packages of its own
 * only a built one has them. What a run asks for by itself goes over it.
 */
async function imageFor(
  { spec, status }: StageableFunction,
  { imageState }: StageOptions,
  { requirements, asked }: { requirements: readonly string[]; asked: Pick<Task, 'image' | 'autolog'> },
): Promise<ChosenImage> {
  if (asked.image !== undefined) return { isUsed: true, name: asked.image }
  const build = status?.['build']
  const built =
    isJsonObject(build) && build['kind'] === 'image' && typeof build['image'] === 'string' ? build['image'] : undefined
  const name = built ?? spec.image
  if (name === undefined || name === '') return { isUsed: false }
  const unused = (why: string): ChosenImage => ({ isUsed: false, reason: `the image ${name} was not used: ${why}` })
  if (spec.kind === 'local') return unused('functions of the kind local are processes')
  if (asked.autolog === true) return unused('autologging wants the packages of a process')
  if (built === undefined && requirements.length > 0)
    return unused('the packages of the function need not be in it; build the function (trainyard function build)')
  const state = (await imageState?.(name)) ?? 'no engine'
  if (state === 'no engine') return unused('there is no podman here')
  return state === 'ready' ? { isUsed: true, name } : unused(`it is not on this machine (podman pull ${name})`)
}

/** What is far away and not to be had is told on the run: such failures have `type: 'source'` among their details. */
async function fetchFor(place: string, options: SourceOptions): Promise<FetchedSource> {
  try {
    return await fetchSource(place, options)
  } catch (error) {
    const isFar = /^(?:git@|(?!file:)[a-z][a-z0-9+.-]*:\/\/)/i.test(place)
    if (!isFar || !isAppError(error) || error.code === 'aborted') throw error
    throw new AppError(error.code, error.message, { cause: error, details: { ...error.details, type: 'source' } })
  }
}

/** The source as it was when the function was built, where it is a folder that may have changed since. */
function packedSource({ status }: StageableFunction): string | undefined {
  const build = status?.['build']
  const packed = isJsonObject(build) ? build['source'] : undefined
  return typeof packed === 'string' && existsSync(packed) ? packed : undefined
}

function sharedFolderOf(cacheFolder: string, source: FetchedSource | undefined): Pick<StagedFunction, 'sharedFolder'> {
  if (source === undefined) return {}
  const [first = '', ...rest] = relative(cacheFolder, source.folder).split(sep)
  return first === '' || first === '..' || (rest.length === 0 && isAbsolute(first))
    ? {}
    : { sharedFolder: join(cacheFolder, first) }
}

const workFolder = ({ workingDirectory, name }: FunctionSpec, { folder }: FetchedSource): string =>
  workingDirectory === undefined || workingDirectory.startsWith('/')
    ? folder
    : inside(folder, workingDirectory, `the source of ${name}`)

async function layOut(
  { name, spec }: StageableFunction,
  options: SourceOptions,
  source: FetchedSource | undefined,
  folder: string | undefined,
): Promise<LocatedCode> {
  const handler = spec.handler === undefined ? {} : { handler: spec.handler.split(':').at(-1)! }
  if (spec.code !== undefined) return { script: await writeCode(spec, options.cacheFolder), ...handler }
  if (source?.file !== undefined) return { script: source.file, ...handler }
  if (folder !== undefined) return locateCode(spec, folder, `the source of ${name}`)
  if (spec.command === undefined || spec.command === '')
    throw new AppError(
      'invalid_argument',
      spec.image === undefined && spec.baseImage === undefined
        ? `The function ${name} has no code: give it a file, a source or a command.`
        : `The code of the function ${name} is in its image ${spec.image ?? spec.baseImage}, and there is none to run here.`,
    )
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(spec.command)) {
    const fetched = await fetchFor(spec.command, options)
    if (fetched.file !== undefined) return { script: fetched.file, ...handler }
  }
  if (!options.allowLocal)
    throw new AppError(
      'invalid_argument',
      `The function ${name} names a file of another machine (${spec.command}): send its code, or name a source.`,
    )
  return locateCode(spec, options.objects.workingDirectory, options.objects.workingDirectory)
}

/** The file keeps its name, which tracebacks and imports show; its folder is named by the content. */
async function writeCode({ code = '', codeFile, name }: FunctionSpec, cacheFolder: string): Promise<string> {
  const file = basename(codeFile ?? '').replaceAll(/[^\w.-]/g, '_') || `${name.replaceAll(/\W/g, '_')}.py`
  const named = /\.(?:py|[cm]?[jt]s)$/i.test(file) ? file : `${file.replace(/\.\w+$/, '')}.py`
  const folder = join(cacheFolder, `code-${contentName(`${named}\0${code}`)}`)
  const path = join(folder, named)
  if (existsSync(path)) return path
  await mkdir(folder, { recursive: true })
  // Whoever finds the file finds all of it.
  const fresh = `${path}.${process.pid}.${Math.random().toString(36).slice(2)}`
  await writeFile(fresh, code)
  await rename(fresh, path)
  return path
}

const taskOf = (version: StageableFunction, code: LocatedCode, requirements: string[], asked: Pick<Task, 'handler'>): Task => {
  const { arguments: words } = version.spec
  return {
    ...outlineFunction(version, { handler: asked.handler ?? code.handler }),
    command: code.script,
    ...(code.handler === undefined ? {} : { handler: code.handler }),
    ...(words === undefined || code.handler !== undefined ? {} : { arguments: words.map(escapeBraces) }),
    ...(requirements.length === 0 ? {} : { requirements }),
  }
}

/** Places for parameters are those of a task; MLRun's are `{name}` as well, so a lone brace that names nothing must stay. */
const escapeBraces = (argument: string): string =>
  /^\{\w[\w.-]*\}$/.test(argument) ? argument : argument.replaceAll('{', '{{').replaceAll('}', '}}')

/** Packages that a process on this machine needs: those that are listed, and those that build commands install. */
export function requirementsOf(spec: FunctionSpec, folder?: string): string[] {
  const listed = (spec.requirements ?? []).map((line) => {
    const file = /^-r\s+(.+)$/.exec(line.trim())?.[1]
    return file === undefined || folder === undefined ? line : `-r ${resolve(folder, file)}`
  })
  const installed = (spec.commands ?? []).flatMap((command) => installedBy(command) ?? [])
  const all = Array.from(new Set([...listed, ...installed]))
  // One file is told as itself; among others its lines are, so that a changed file is another environment.
  return all.length === 1 ? all : all.flatMap(linesOfFile)
}

function linesOfFile(line: string): string[] {
  const path = /^-r\s+(.+)$/.exec(line)?.[1]
  if (path === undefined || !existsSync(path)) return [line]
  return readFileSync(path, 'utf8')
    .split(/\r?\n/)
    .map((each) => each.replace(/(?:^|\s)#.*$/, '').trim())
    .filter((each) => each !== '')
}

/** What `pip install …` installs; undefined for any other command. */
function installedBy(command: string): string[] | undefined {
  const words = /^\s*(?:python3?\s+-m\s+)?pip3?\s+install\s+(.+)$/.exec(command)?.[1]
  if (words === undefined || /[;&|<>`$]/.test(words.replaceAll(/"[^"]*"|'[^']*'/g, ''))) return undefined
  const parts = (words.match(/"[^"]*"|'[^']*'|\S+/g) ?? []).map((word) => word.replaceAll(/^["']|["']$/g, ''))
  const packages: string[] = []
  for (let at = 0; at < parts.length; at++) {
    const word = parts[at]!
    if (word === '-r' || word === '--requirement') packages.push(`-r ${parts[++at] ?? ''}`)
    else if (/^--?(?:i|index-url|extra-index-url|f|find-links|t|target|c|constraint)$/.test(word)) at++
    else if (!word.startsWith('-')) packages.push(word)
  }
  return packages
}

/** A sentence about build commands that are for images alone; none where all of them install packages. */
export function notesOfCommands({ commands = [] }: Pick<FunctionSpec, 'commands'>): string[] {
  const others = commands.filter((command) => installedBy(command) === undefined)
  return others.length === 0 ? [] : [`build commands are for images and were not run here: ${others.join('; ')}`]
}

function notesOf(spec: FunctionSpec, image: ChosenImage): string[] {
  const { resources, replicas } = spec
  return [
    ...(image.isUsed ? [] : notesOfCommands(spec)),
    ...(image.isUsed || image.reason === undefined ? [] : [image.reason]),
    ...(image.isUsed || resources?.limits === undefined
      ? []
      : [
          `limits of resources are kept in containers, and this is a process: ${Object.entries(resources.limits)
            .map(([name, limit]) => `${name} ${String(limit)}`)
            .join(', ')}`,
        ]),
    ...(replicas === undefined || replicas <= 1 ? [] : [`one process instead of ${replicas} replicas`]),
  ]
}

function splitEnvironment({ environment = {} }: FunctionSpec) {
  const values: Record<string, string> = {}
  const secrets: Record<string, { secret: string; key?: string }> = {}
  for (const [name, value] of Object.entries(environment)) {
    if (typeof value === 'string') values[name] = value
    else secrets[name] = value
  }
  return { values, secrets }
}
