import { extname } from 'node:path'
import type { EntryPoint } from '@trainyard/contract/function'
import { pythonEntryPoints, pythonModuleDoc } from './python-entry-points.ts'
import { scriptEntryPoints } from './script-entry-points.ts'

const scripts = new Set(['.ts', '.mts', '.cts', '.js', '.mjs', '.cjs'])

/** The callables of a piece of code, by the ending of its file: Python unless it is TypeScript's or JavaScript's. */
export const entryPointsOf = (code: string, file: string): Record<string, EntryPoint> =>
  scripts.has(extname(file).toLowerCase()) ? scriptEntryPoints(code) : pythonEntryPoints(code)

/** The first sentence of the file's own docstring. */
export function summaryOf(code: string, file: string): string | undefined {
  if (scripts.has(extname(file).toLowerCase())) return undefined
  return pythonModuleDoc(code)
    ?.split(/\n\s*\n/)[0]
    ?.replaceAll(/\s+/g, ' ')
}
