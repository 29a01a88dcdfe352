import { isUtf8 } from 'node:buffer'
import { readFile, stat } from 'node:fs/promises'
import { AppError, isJsonObject, type JsonObject, type JsonValue } from '@trainyard/contract'
import { systemReason } from '../base/errors.ts'
import { parseYamlText } from '../base/yaml-text.ts'
import type { FunctionDocument } from './function-document.ts'
import { checkKind } from './function-kinds.ts'
import { readPath } from './json-path.ts'

const largestBytes = 10 * 1024 * 1024

/** Reads `function.yaml`, or the same as JSON. Every refusal names the file and, where there is one, the line. */
export async function readFunctionFile(path: string): Promise<FunctionDocument> {
  let bytes: Buffer
  try {
    const { size } = await stat(path)
    if (size > largestBytes) throw tooLarge(path)
    bytes = await readFile(path)
  } catch (error) {
    if (error instanceof AppError) throw error
    throw new AppError('invalid_argument', `Cannot read ${path}: ${systemReason(error)}.`, { cause: error })
  }
  if (!isUtf8(bytes)) throw new AppError('invalid_argument', `${path} is not UTF-8 text.`)
  return await parseFunctionText(bytes.toString('utf8'), path)
}

const tooLarge = (source: string): AppError =>
  new AppError(
    'invalid_argument',
    `${source} is larger than 10 MiB, which no function.yaml is; keep code and data in files beside it.`,
  )

/** As `readFunctionFile`, of a text that came from `source`. */
export async function parseFunctionText(text: string, source: string): Promise<FunctionDocument> {
  if (text.length > largestBytes) throw tooLarge(source)
  return checkFunctionDocument(await parseYamlText(text, source), source)
}

/** Checks that a document is a function's: its kind, its name, and that what must be tables and lists are. */
export function checkFunctionDocument(content: JsonValue, source: string): FunctionDocument {
  if (!isJsonObject(content))
    throw new AppError('invalid_argument', `${source} holds no function: expected a table with kind, metadata and spec.`)
  const { kind, metadata, spec } = content
  if (kind === undefined && metadata === undefined)
    throw new AppError('invalid_argument', `${source} holds no function: it has neither kind nor metadata.`)
  if (kind !== undefined && kind !== null && typeof kind !== 'string')
    throw new AppError('invalid_argument', `${source}: kind must be a text, such as job.`)
  checkKind(typeof kind === 'string' ? kind : '', source)
  for (const [name, table] of Object.entries({ metadata, spec }))
    if (table !== undefined && table !== null && !isJsonObject(table))
      throw new AppError('invalid_argument', `${source}: ${name} must be a table of fields.`)
  checkShapes(content, source)
  return { ...content, kind: kind ?? '', metadata: metadata ?? {}, spec: spec ?? {} }
}

const lists = ['spec.args', 'spec.env', 'spec.build.commands', 'spec.build.requirements', 'spec.volumes', 'spec.volume_mounts']
const tables = ['spec.build', 'spec.resources', 'spec.entry_points', 'spec.node_selector', 'metadata.labels']
const textPaths = ['metadata.name', 'spec.image', 'spec.command', 'spec.default_handler', 'spec.build.functionSourceCode']

function checkShapes(content: JsonObject, source: string): void {
  const check = (paths: readonly string[], fits: (value: JsonValue) => boolean, form: string): void => {
    for (const path of paths) {
      const value = readPath(content, path)
      if (value !== undefined && value !== null && !fits(value))
        throw new AppError('invalid_argument', `${source}: ${path} must be ${form}, not ${JSON.stringify(value).slice(0, 60)}.`)
    }
  }
  check(lists, Array.isArray, 'a list')
  check(tables, isJsonObject, 'a table')
  check(textPaths, (value) => typeof value === 'string', 'a text')
}

/** Fields that belong to one place and time: an exported function has none of them. */
const placeFields = ['project', 'labels', 'annotations', 'hash', 'updated', 'created', 'credentials'] as const

/** The document as it is given to others, without what belongs to this place: as MLRun's `export` strips it. */
export function portableDocument(document: FunctionDocument): FunctionDocument {
  const { status: _status, ...rest } = structuredClone(document)
  const metadata = isJsonObject(rest['metadata']) ? rest['metadata'] : {}
  for (const field of placeFields) delete metadata[field]
  return { ...(withoutEmpty(rest) as JsonObject), metadata: withoutEmpty(metadata) ?? {} }
}

/** Empty lists, empty tables and nulls say nothing. */
function withoutEmpty(value: JsonValue): JsonValue | undefined {
  if (value === null) return undefined
  if (Array.isArray(value)) return value.length === 0 ? undefined : value
  if (!isJsonObject(value)) return value
  const entries = Object.entries(value).flatMap(([key, each]) => {
    const kept = withoutEmpty(each)
    return kept === undefined ? [] : [[key, kept] as const]
  })
  return entries.length === 0 ? undefined : Object.fromEntries(entries)
}

/** The text of a `function.yaml`, as PyYAML writes it: blocks, lists not indented, keys in their order. */
export async function printFunctionFile(document: FunctionDocument): Promise<string> {
  const { dump } = await import('js-yaml')
  return dump(document, { seqNoIndent: true, lineWidth: 80, noRefs: true })
}
