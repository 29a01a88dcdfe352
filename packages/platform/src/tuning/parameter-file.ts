import { isUtf8 } from 'node:buffer'
import { readFile, stat } from 'node:fs/promises'
import { basename, extname } from 'node:path'
import { AppError, type JsonValue } from '@trainyard/contract'
import { systemErrorCode, systemReason } from '../base/errors.ts'
import type { HyperParameter } from './distributions.ts'
import { parseHyperParameter } from './hyper-parameter-text.ts'
import { readCsvRows } from './parameter-csv.ts'
import { checkRowKeys, type FileComplaint, isRow, readJsonLines } from './parameter-json.ts'
import type { ParameterFile } from './parameter-rows.ts'

type Reader = (bytes: Buffer, complain: FileComplaint) => Promise<ParameterFile> | ParameterFile

const readers: Record<string, Reader> = {
  '.csv': async (bytes, complain) => ({ kind: 'rows', rows: await readCsvRows(bytes, { delimiter: ',', complain }) }),
  '.tsv': async (bytes, complain) => ({ kind: 'rows', rows: await readCsvRows(bytes, { delimiter: '\t', complain }) }),
  '.json': (bytes, complain) => toParameterFile(parseJson(bytes, complain), complain),
  '.jsonl': (bytes, complain) => ({ kind: 'rows', rows: readJsonLines(bytes, complain) }),
  '.ndjson': (bytes, complain) => ({ kind: 'rows', rows: readJsonLines(bytes, complain) }),
  '.yaml': async (bytes, complain) => toParameterFile(await parseYaml(bytes, complain), complain),
  '.yml': async (bytes, complain) => toParameterFile(await parseYaml(bytes, complain), complain),
}

/**
 * Reads hyper-parameters from a file, by its ending: CSV and TSV (a header, then one iteration per row; values are typed like those
 * of the command line), JSON and YAML (a list of objects is rows; an object of lists or distributions is lists), JSON lines (rows).
 * Fails with `invalid_argument` (`not_found` when it is missing) and one sentence naming the file and, where there is one, the line.
 */
export const readParameterFile = async (path: string): Promise<ParameterFile> => {
  const reader = readers[extname(path).toLowerCase()]
  if (reader === undefined) {
    throw new AppError(
      'invalid_argument',
      `Parameter file ${path}: unknown kind of file; its name must end in ${Object.keys(readers).join(', ')}.`,
    )
  }
  const bytes = await readBytes(path)
  const complain: FileComplaint = (problem, place = {}) => {
    const at = place.line === undefined ? basename(path) : `${basename(path)}:${place.line}`
    const row = place.row === undefined ? '' : ` row ${place.row}:`
    throw new AppError('invalid_argument', `Parameter file ${at}:${row} ${problem}.`, { details: { path, ...place } })
  }
  if (!isUtf8(bytes)) complain('it is not UTF-8 text; save it as UTF-8')
  const start = bytes.subarray(0, 3).equals(Buffer.from([0xef, 0xbb, 0xbf])) ? 3 : 0
  const text = bytes.subarray(start)
  if (/^\s*$/.test(text.subarray(0, 65_536).toString('latin1'))) complain('the file is empty')
  return reader(text, complain)
}

const readBytes = async (path: string): Promise<Buffer> => {
  try {
    if (!(await stat(path)).isFile()) throw new AppError('invalid_argument', `Parameter file ${path}: it is not a regular file.`)
    return await readFile(path)
  } catch (error) {
    if (error instanceof AppError) throw error
    const code = systemErrorCode(error) === 'ENOENT' ? 'invalid_argument' : 'invalid_argument'
    throw new AppError(code, `Parameter file ${path} cannot be read: ${systemReason(error)}.`, { cause: error })
  }
}

const parseJson = (bytes: Buffer, complain: FileComplaint): unknown => {
  const text = bytes.toString('utf8')
  try {
    return JSON.parse(text)
  } catch (error) {
    const line = jsonErrorLine(text, String(error))
    return complain(`it is not JSON (${jsonReason(error)})`, line === undefined ? {} : { line })
  }
}

/** V8 tells the line of some mistakes; of an unexpected token it quotes what stands around it, ten characters to each side. */
const jsonErrorLine = (text: string, message: string): number | undefined => {
  const told = /\(line (\d+) column \d+\)/.exec(message)?.[1]
  if (told !== undefined) return Number(told)
  const [, dots, around = ''] = /, (\.\.\.)?"([\s\S]*?)"?(?:\.\.\.)?"? is not valid JSON$/.exec(message) ?? []
  const start = text.indexOf(around)
  if (around === '' || start < 0 || text.includes(around, start + 1)) return undefined
  const token = /Unexpected token '(.)'/su.exec(message)?.[1] ?? ''
  const at = dots === undefined ? start + around.lastIndexOf(token) : start + 10
  return text.slice(0, at).split('\n').length
}

const jsonReason = (error: unknown): string =>
  error instanceof Error ? error.message.replace(/(?:, "|, \.\.\.").*$|\s*in JSON.*$/s, '') : String(error)

const parseYaml = async (bytes: Buffer, complain: FileComplaint): Promise<unknown> => {
  const { load, YAMLException } = await import('js-yaml')
  try {
    return load(bytes.toString('utf8'))
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error
    return complain(`it is not YAML (${error.reason})`, error.mark === undefined ? {} : { line: error.mark.line + 1 })
  }
}

const toParameterFile = (content: unknown, complain: FileComplaint): ParameterFile => {
  if (Array.isArray(content)) return { kind: 'rows', rows: objectRows(content, complain) }
  if (!isRow(content)) return complain('it must hold a list of objects (one per iteration) or an object of lists (key to values)')
  const entries = Object.entries(content)
  if (entries.length === 0) complain('the file is empty')
  const hyperParameters = Object.fromEntries(entries.map(([key, value]) => [key, toHyperParameter(key, value, complain)]))
  return { kind: 'lists', hyperParameters }
}

const objectRows = (content: unknown[], complain: FileComplaint) => {
  if (content.length === 0) complain('the list is empty')
  const rows: Record<string, JsonValue>[] = []
  for (const [index, row] of content.entries()) {
    if (!isRow(row)) return complain('it is not an object of key to value', { row: index + 1 })
    checkRowKeys(rows[0] ?? row, row, (problem) => complain(problem, { row: index + 1 }))
    rows.push(row)
  }
  return { keys: Object.keys(rows[0]!), length: rows.length, row: (index: number) => ({ ...rows[index]! }) }
}

const distributionTypes = new Set<unknown>(['choice', 'uniform', 'loguniform', 'int', 'normal'])

/** Distributions are checked for sense when the sweep is resolved; here only their form. */
const toHyperParameter = (key: string, value: JsonValue, complain: FileComplaint): HyperParameter => {
  if (Array.isArray(value)) return value
  if (typeof value === 'string') return parseHyperParameter(key, value)
  if (isRow(value) && distributionTypes.has(value.type)) {
    const { type, values, ...numbers } = value
    if (type === 'choice' && Array.isArray(values)) return { type, values }
    const names = type === 'normal' ? ['mean', 'std'] : ['low', 'high']
    if (names.every((name) => typeof numbers[name] === 'number')) return value as Exclude<HyperParameter, readonly JsonValue[]>
    complain(`${key}: the distribution ${JSON.stringify(type)} needs ${type === 'choice' ? 'values' : names.join(' and ')}`)
  }
  return complain(`${key}: expected a list such as [1, 2, 3] or a distribution such as "loguniform(1e-4, 1e-1)"`)
}
