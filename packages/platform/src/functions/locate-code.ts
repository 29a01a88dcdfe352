import { existsSync, readdirSync, statSync } from 'node:fs'
import { dirname, extname, isAbsolute, join } from 'node:path'
import { AppError, nearestName } from '@trainyard/contract'
import type { FunctionSpec } from '@trainyard/contract/function'
import { inside } from './sources/source.ts'

/** What to start of a function's source. */
export interface LocatedCode {
  /** Absolute. */
  script: string
  handler?: string
}

const endings = ['.py', '.ts', '.mts', '.js', '.mjs']

/**
 * The file and the callable that a function runs: its command, else the module that its handler names (`package.module.train`), else
 * the only file of code there is. `invalid_argument` tells what could have been meant.
 */
export function locateCode(spec: FunctionSpec, folder: string, what: string): LocatedCode {
  const { command, handler } = spec
  if (command !== undefined && command !== '') {
    const [file, own] = splitHandler(command)
    const script = findIn(folder, file, what)
    const callable = handler ?? own
    return { script, ...(callable === undefined ? {} : { handler: withoutModule(callable, file) }) }
  }
  const [module, callable] = splitModule(handler)
  if (module !== undefined) return { script: findModule(folder, module, what), handler: callable! }
  const files = codeFiles(folder)
  const [only] = files
  if (files.length === 1 && only !== undefined)
    return { script: join(folder, only), ...(handler === undefined ? {} : { handler }) }
  throw new AppError(
    'invalid_argument',
    files.length === 0
      ? `There is no code in ${what}: name the file to run as its command.`
      : `Which file of ${what} is to be run? Name it as the command (${files.slice(0, 5).join(', ')}), or the handler with its module: ${files[0]!.replace(/\.\w+$/, '')}.${handler ?? 'handler'}.`,
  )
}

/** `train.py:my_job` in two. */
const splitHandler = (command: string): [string, string | undefined] => {
  const [, file, handler] = /^(.+\.\w+):([\w.]+)$/.exec(command) ?? []
  return file === undefined ? [command, undefined] : [file, handler]
}

/** `package.module.train` or `module:train` in two; a plain name has no module. */
function splitModule(handler: string | undefined): [string | undefined, string | undefined] {
  if (handler === undefined) return [undefined, undefined]
  const colon = /^([\w./]+):([\w.]+)$/.exec(handler)
  if (colon) return [colon[1], colon[2]]
  const dot = handler.lastIndexOf('.')
  return dot <= 0 ? [undefined, handler] : [handler.slice(0, dot), handler.slice(dot + 1)]
}

/** `train.my_job` in `train.py` is `my_job`. */
function withoutModule(handler: string, file: string): string {
  const module = file.replace(/\.\w+$/, '').replaceAll('/', '.')
  for (const prefix of [`${module}.`, `${module}:`, `${module.split('.').at(-1)}.`, `${module.split('.').at(-1)}:`])
    if (handler.startsWith(prefix)) return handler.slice(prefix.length)
  return handler
}

function findIn(folder: string, file: string, what: string): string {
  if (isAbsolute(file)) {
    if (existsSync(file) && statSync(file).isFile()) return file
    throw new AppError('invalid_argument', `There is no file ${file}, which is the command of the function.`)
  }
  const path = join(folder, file)
  if (existsSync(path) && !statSync(path).isFile())
    throw new AppError('invalid_argument', `${file} of ${what} is a folder; name the file to run.`)
  if (existsSync(path)) return inside(folder, file, what)
  const around = existsSync(dirname(path)) ? codeFiles(dirname(path)) : codeFiles(folder)
  const nearest = nearestName(file.split('/').at(-1)!, around)
  const hint =
    nearest === undefined
      ? around.length > 0
        ? ` (there are ${around.slice(0, 5).join(', ')})`
        : ''
      : ` (did you mean ${nearest}?)`
  throw new AppError('invalid_argument', `There is no file ${file} in ${what}${hint}.`)
}

function findModule(folder: string, module: string, what: string): string {
  const path = module.replaceAll('.', '/')
  for (const candidate of [...endings.map((ending) => `${path}${ending}`), `${path}/__init__.py`])
    if (existsSync(join(folder, candidate))) return inside(folder, candidate, what)
  throw new AppError('invalid_argument', `There is no module ${module} in ${what}: expected ${path}.py there.`)
}

const codeFiles = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true })
    .filter(
      (entry) =>
        entry.isFile() &&
        endings.includes(extname(entry.name)) &&
        !/^(?:setup|conftest|__init__|test_.*|.*\.test)\.\w+$/.test(entry.name),
    )
    .map(({ name }) => name)
    .toSorted()
