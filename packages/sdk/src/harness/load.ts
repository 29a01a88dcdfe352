import { existsSync, statSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { relative } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { byLikeness } from '@trainyard/contract/nearest'
import { HarnessError } from '../context/run-error.ts'

/**
 * A script need not have this package installed: what its own folders do not offer comes from the copy the harness belongs to.
 * Own copies win.
 */
export function offerOwnPackages(): void {
  const ending = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  const folder = ending === 'ts' ? '../' : './'
  const own: Record<string, string> = { '@trainyard/sdk': new URL(`${folder}index.${ending}`, import.meta.url).href }
  registerHooks({
    resolve(specifier, context, next) {
      const fallback = own[specifier]
      if (fallback === undefined) return next(specifier, context)
      try {
        return next(specifier, context)
      } catch (error) {
        if (!existsSync(fileURLToPath(fallback))) throw error
        return next(fallback, context)
      }
    },
  })
}

export const missingScript = (script: string): HarnessError | undefined =>
  statSync(script, { throwIfNoEntry: false })?.isFile()
    ? undefined
    : new HarnessError('missing_script', `There is no script ${script}.`)

/** The module of the user's file. A file that cannot be parsed fails with `syntax_error`; errors of its own code pass unchanged. */
export async function importScript(script: string): Promise<Record<string, unknown>> {
  const missing = missingScript(script)
  if (missing) throw missing
  try {
    return (await import(pathToFileURL(script).href)) as Record<string, unknown>
  } catch (error) {
    throw asSyntaxError(error) ?? error
  }
}

const unsupported = 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX'

/** Node puts `<file>:<line>` and the source line above the message of an error found while parsing. Others start with their name. */
export function asSyntaxError(error: unknown): HarnessError | undefined {
  if (!(error instanceof SyntaxError)) return undefined
  const [first = ''] = (error.stack ?? '').split('\n')
  const match = /^(.+):(\d+)$/.exec(first)
  if (!match?.[1]) return undefined
  const path = match[1].startsWith('file:') ? fileURLToPath(match[1]) : match[1]
  const near = relative(process.cwd(), path)
  const location = `${near.startsWith('..') ? path : near}:${match[2]}`
  const hint =
    'code' in error && error.code === unsupported
      ? 'Node runs TypeScript by taking the types out; write it without enums, namespaces with code and parameter properties, or compile it first'
      : 'correct the line'
  const problem = error.message.replaceAll(/\s+/g, ' ').trim().replace(/\.$/, '')
  return new HarnessError('syntax_error', `${location}: ${problem}: ${hint}.`, error.stack)
}

export type AnyHandler = (context: unknown, parameters: unknown) => unknown

/** The exported function called `name`, `default` included; members of exported objects are reached with dots. */
export function findHandler(module: Record<string, unknown>, name: string, script: string): AnyHandler {
  const exported = commonJsExports(module)
  let found: unknown = exported
  for (const part of name.split('.')) {
    found =
      (typeof found === 'object' || typeof found === 'function') && found !== null
        ? (found as Record<string, unknown>)[part]
        : undefined
  }
  if (typeof found === 'function') return found as AnyHandler
  const functions = Object.keys(exported).filter((key) => typeof exported[key] === 'function' && key !== 'module.exports')
  const file = relative(process.cwd(), script) || script
  const what = found === undefined ? `${file} exports no function '${name}'` : `'${name}' of ${file} is not a function`
  const list = byLikeness(name, functions)
  const there =
    list.length > 0 ? `it exports ${list.slice(0, 20).join(', ')}` : 'it exports no functions; put `export` before the one to run'
  throw new HarnessError('missing_handler', `${what}: ${there}.`)
}

/** A CommonJS file offers what it put on `module.exports`, whether node saw the names or not. */
function commonJsExports(module: Record<string, unknown>): Record<string, unknown> {
  const { default: main } = module
  return typeof main === 'object' && main !== null && 'module.exports' in module ? { ...main, ...module } : module
}
