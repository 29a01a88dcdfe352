import { existsSync, statSync } from 'node:fs'
import { basename, extname, resolve } from 'node:path'
import { AppError, byLikeness, isAppError } from '@trainyard/contract'
import type { FunctionSpec } from '@trainyard/contract/function'
import { entryPointsOf, summaryOf } from './code/entry-points.ts'
import { checkKind } from './function-kinds.ts'
import { normalizedFunctionName } from '@trainyard/contract/function-reference'
import { locateCode } from './locate-code.ts'
import { isArchiveName } from './sources/archive.ts'
import { parseGitSource } from './sources/git.ts'
import { readNotebook } from './sources/notebook.ts'
import { fetchSource, readCode, type SourceOptions } from './sources/source.ts'

export interface MakeOptions extends SourceOptions {
  /** What is said beside the code; it wins over what the code says. */
  given: Partial<FunctionSpec>
  /** Notebook cells with these tags are left out. */
  ignoredTags?: readonly string[]
  /** Keeps a single file as the command instead of its text. */
  embed?: boolean
}

/**
 * A function made from code: a file, a notebook, a folder, a repository, an archive or an address; from nothing but what is given when
 * there is no code to take. A single file's text is kept in the function, everything else stays where it is as the source. Handlers,
 * their parameters and docs are read from the code. `invalid_argument` says what cannot be used, and why.
 */
export async function makeFunction(from: string | undefined, options: MakeOptions): Promise<FunctionSpec> {
  if (options.given.kind !== undefined) checkKind(options.given.kind, 'The function')
  const made = from === undefined ? await fromNothing(options) : await fromCode(from, options)
  const name = options.given.name ?? made.name
  if (name === undefined) throw new AppError('invalid_argument', 'The function has no name: give it one with --name.')
  const spec: FunctionSpec = { kind: 'job', ...made, ...options.given, name }
  if (made.requirements !== undefined && options.given.requirements !== undefined)
    spec.requirements = Array.from(new Set([...made.requirements, ...options.given.requirements]))
  requireCode(spec)
  checkHandler(spec)
  return spec
}

/** A function without any code could only fail later. */
export function requireCode(spec: FunctionSpec): void {
  const { code, source, command, image, baseImage, kind } = spec
  if (code !== undefined || source !== undefined || command !== undefined) return
  // What serves or runs an image of its own may have all it needs in there.
  if ((image !== undefined || baseImage !== undefined) && kind !== 'local') return
  throw new AppError(
    'invalid_argument',
    `The function ${spec.name} has no code: give it a file, a source (folder, archive, Git repository), a command or an image.`,
  )
}

/** A handler that does not occur in the code at all is a mistake; whether it can be called shows when it runs. */
export function checkHandler({ name, code, handler, entryPoints = {} }: FunctionSpec): void {
  if (code === undefined || handler === undefined) return
  const word = handler.split(/[.:]/).at(-1) ?? ''
  if (
    /^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(word) &&
    new RegExp(String.raw`(?<![\p{L}\p{N}_$])${word.replaceAll('$', String.raw`\$`)}(?![\p{L}\p{N}_$])`, 'u').test(code)
  )
    return
  const names = byLikeness(handler, Object.keys(entryPoints)).slice(0, 8)
  throw new AppError(
    'invalid_argument',
    `The code of ${name} has no handler '${handler}'${names.length === 0 ? '' : `; it has: ${names.join(', ')}`}.`,
    { details: { type: 'missing_handler', handlers: names } },
  )
}

async function fromNothing({ given }: MakeOptions): Promise<Partial<FunctionSpec>> {
  if (given.code === undefined) return {}
  const file = given.codeFile ?? `${given.name ?? 'function'}.py`
  return described(given.code, file)
}

function described(code: string, file: string): Partial<FunctionSpec> {
  const entryPoints = entryPointsOf(code, file)
  const description = summaryOf(code, file)
  return {
    ...(description === undefined ? {} : { description }),
    ...(Object.keys(entryPoints).length === 0 ? {} : { entryPoints }),
  }
}

const functionFile = (path: string): AppError =>
  new AppError('invalid_argument', `${path} describes a function already: take it in with trainyard function import ${path}.`)

async function fromCode(from: string, options: MakeOptions): Promise<Partial<FunctionSpec>> {
  const { file, handler } = splitHandler(from, options.objects.workingDirectory)
  const ending = extname(file).toLowerCase()
  if (['.yaml', '.yml', '.json'].includes(ending)) throw functionFile(file)
  const named = { name: nameOf(file), ...(handler === undefined ? {} : { handler }) }
  const fetched = await fetchSource(file, options)
  if (fetched.file !== undefined) return { ...named, ...(await fromFile(fetched.file, options)) }
  const isLocal = fetched.revision === undefined
  const source =
    isLocal || (isArchiveName(file) && !file.includes('://')) ? resolve(options.objects.workingDirectory, file) : file
  return { ...named, source, ...(await fromFolder(fetched.folder, { ...named, ...options.given, source })) }
}

async function fromFile(path: string, options: MakeOptions): Promise<Partial<FunctionSpec>> {
  const text = await readCode(path)
  const file = basename(path)
  if (extname(path).toLowerCase() === '.ipynb') {
    const { code, requirements } = readNotebook(text, file, {
      ...(options.given.name === undefined ? {} : { name: options.given.name }),
      ...(options.ignoredTags === undefined ? {} : { ignoredTags: options.ignoredTags }),
    })
    const codeFile = file.replace(/\.ipynb$/i, '.py')
    return { ...described(code, codeFile), code, codeFile, ...(requirements.length === 0 ? {} : { requirements }) }
  }
  if (text.trim() === '') throw new AppError('invalid_argument', `${path} is empty: there is no code in it.`)
  if (text.includes('\0')) throw new AppError('invalid_argument', `${path} is no code: it holds bytes that are no text.`)
  if (options.embed === false) return { ...described(text, file), command: path }
  return { ...described(text, file), code: text, codeFile: file }
}

/** What the code says that runs; a folder whose code is named only later says nothing yet. */
async function fromFolder(folder: string, spec: Partial<FunctionSpec>): Promise<Partial<FunctionSpec>> {
  try {
    const { script } = locateCode({ ...spec, name: spec.name ?? '' }, folder, `the source ${spec.source ?? folder}`)
    return described(await readCode(script), basename(script))
  } catch (error) {
    if (isAppError(error, 'invalid_argument') && spec.command === undefined && !spec.handler?.includes('.')) return {}
    throw error
  }
}

function splitHandler(from: string, workingDirectory: string): { file: string; handler?: string } {
  const [, file, handler] = /^(.+\.\w+):([\w.]+)$/.exec(from) ?? []
  if (file === undefined || handler === undefined || parseGitSource(from) || from.includes('://')) return { file: from }
  const whole = resolve(workingDirectory, from)
  return existsSync(whole) && statSync(whole).isFile() ? { file: from } : { file, handler }
}

function nameOf(from: string): string {
  const repository = parseGitSource(from)
  const path = repository?.folder ?? repository?.url ?? from
  const base = basename(resolve('/', path.replace(/^[a-z+]+:\/\/[^/]*/i, '').replace(/[?#].*$/, '')))
  return normalizedFunctionName(base.replace(/\.(?:tar\.gz|\w+)$/i, '').replaceAll(/[^\w.-]+/g, '-')) || 'function'
}
