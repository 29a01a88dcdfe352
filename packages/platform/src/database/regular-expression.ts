import { createRequire } from 'node:module'
import { AppError } from '@trainyard/contract'
import type { RE2JS } from 're2js'

type Engine = typeof RE2JS

/** The engine runs in linear time whatever the expression; its module (15 ms) is loaded by the first search that needs it. */
let engine: Engine | undefined
const load = (): Engine => (engine ??= (createRequire(import.meta.url)('re2js') as { RE2JS: Engine }).RE2JS)

let last: { pattern: string; compiled: RE2JS } | undefined

function compile(pattern: string): RE2JS {
  if (last?.pattern !== pattern) last = { pattern, compiled: load().compile(pattern) }
  return last.compiled
}

/** Refuses what is no regular expression of RE2 before the database sees it. */
export function checkExpression(pattern: string): string {
  try {
    compile(pattern)
    return pattern
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new AppError('invalid_argument', `'${pattern.slice(0, 200)}' is no regular expression: ${reason}.`, { cause: error })
  }
}

/** The function behind `Dialect.matches`: null for null, else 1 or 0. */
export function matches(text: unknown, pattern: unknown): number | null {
  if (typeof text !== 'string' || typeof pattern !== 'string') return null
  return compile(pattern).matcher(text).find() ? 1 : 0
}
