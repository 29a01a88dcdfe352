import { statSync } from 'node:fs'
import { parseReturnHint, type ReturnHint, type ReturnKind } from '@trainyard/contract/return-hint'
import type { ArtifactOptions } from '../artifacts/pack.ts'
import type { Context } from '../context/context.ts'
import { toJsonValue } from '../journal/json-value.ts'
import type { TableInput } from '../tables/table.ts'

/** JSON up to this many characters is a result; longer values become artifacts. */
const maxResultCharacters = 10_000

/** Logs what a handler returned; gives sentences about what could not be logged. */
export function logReturned(context: Context, value: unknown, hints: readonly unknown[] | undefined): string[] {
  if (value === undefined || value === null) return []
  if (!hints || hints.length === 0) {
    if (!isPlainObject(value)) return logOne(context, { key: 'return', kind: undefined, options: {} }, value)
    return Object.entries(value).flatMap(([key, item]) => logOne(context, { key, kind: undefined, options: {} }, item))
  }
  const problems: string[] = []
  const parsed = hints.map(parseReturnHint)
  const values = takeApart(value, parsed, problems)
  for (const [index, hint] of parsed.entries()) problems.push(...logOne(context, hint, values[index]))
  return problems
}

const isPlainObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && [Object.prototype, null].includes(Object.getPrototypeOf(value))

function takeApart(value: unknown, hints: readonly ReturnHint[], problems: string[]): readonly unknown[] {
  if (isPlainObject(value) && hints.every(({ key }) => key in value)) return hints.map(({ key }) => value[key])
  if (hints.length === 1 && !(Array.isArray(value) && value.length === 1)) return [value]
  const values: unknown[] = Array.isArray(value) ? value : [value]
  if (values.length !== hints.length) {
    const counted = values.length === 1 ? '1 value' : `${values.length} values`
    problems.push(`The handler returned ${counted} where ${hints.length} were named (${hints.map(({ key }) => key).join(', ')}).`)
  }
  return values
}

function logOne(context: Context, hint: ReturnHint, value: unknown): string[] {
  if (value === undefined || value === null) return []
  const { key, options } = hint
  const kind = hint.kind ?? kindOf(value)
  switch (kind) {
    case 'result':
      context.logResult(key, value)
      return []
    case 'dataset':
      context.logDataset(key, value as TableInput, options)
      return []
    case 'table':
      context.logTable(key, value as TableInput, options)
      return []
    case 'chart':
      return logChart(context, hint, value)
    case 'model':
      context.logModel(
        key,
        isPath(value)
          ? { ...options, [isFolder(value) ? 'modelDirectory' : 'modelFile']: value }
          : { ...options, body: value as string },
      )
      return []
    default:
      context.logArtifact(key, artifactOf(hint, kind, value))
      return []
  }
}

function artifactOf({ options }: ReturnHint, kind: Exclude<ReturnKind, 'result'>, value: unknown): ArtifactOptions {
  const known = kind === 'json' ? { ...options, kind: 'object' as const, format: 'json' } : { ...options, kind }
  const asPath = ['file', 'directory', 'plot', 'html'].includes(kind) && isPath(value)
  if (asPath) return { ...known, kind: kind === 'file' && isFolder(value) ? 'directory' : known.kind, localPath: value }
  return { ...known, body: value as string }
}

function logChart(context: Context, { key, options }: ReturnHint, value: unknown): string[] {
  const grid = Array.isArray(value)
    ? { header: value[0] as string[], rows: value.slice(1) as unknown[][] }
    : (value as { header: string[]; rows: unknown[][] })
  if (!Array.isArray(grid.header) || !Array.isArray(grid.rows)) {
    return [`The returned value '${key}' was not logged: a chart is { header, rows } or a list whose first row is the header.`]
  }
  context.logChart(key, grid, options)
  return []
}

const isPath = (value: unknown): value is string =>
  typeof value === 'string' &&
  value.length < 4096 &&
  !value.includes('\n') &&
  !value.includes('\0') &&
  statSync(value, { throwIfNoEntry: false }) !== undefined

const isFolder = (path: string): boolean => statSync(path).isDirectory()

function kindOf(value: unknown): ReturnKind {
  if (typeof value !== 'object' || value === null) return 'result'
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return 'file'
  if ('getChild' in value || 'toRecords' in value || 'objects' in value) return 'dataset'
  try {
    return JSON.stringify(toJsonValue(value) ?? null).length <= maxResultCharacters ? 'result' : 'object'
  } catch {
    // A cycle: as a result it becomes a problem with its sentence.
    return 'result'
  }
}
