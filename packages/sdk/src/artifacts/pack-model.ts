import { basename, isAbsolute, join } from 'node:path'
import { existsSync, statSync } from 'node:fs'
import type { JournalArtifact, JsonObject, JsonValue } from '@trainyard/contract'
import { toJsonValue } from '../journal/json-value.ts'
import { columnType, tableStatistics } from '../tables/statistics.ts'
import { type TableInput, toTable } from '../tables/table.ts'
import { type ArtifactOptions, type ArtifactPlace, describeArtifact, placeOf } from './pack.ts'
import { isUrl, safeComponent, safeRelativePath } from './paths.ts'
import type { ArtifactBody, SpoolFolder } from './spool.ts'

export interface ModelColumn {
  name: string
  type?: string | null
}

export interface ModelOptions extends Pick<ArtifactOptions, 'path' | 'labels' | 'tag' | 'metadata'> {
  /** The model's bytes or text; another value is kept as JSON. */
  body?: ArtifactOptions['body']
  /** With `body` its file name, else a file to copy (looked for in `modelDirectory` too). */
  modelFile?: string
  modelDirectory?: string
  framework?: string
  algorithm?: string
  metrics?: Readonly<Record<string, number>>
  parameters?: Readonly<Record<string, unknown>>
  inputs?: readonly (string | ModelColumn)[]
  outputs?: readonly (string | ModelColumn)[]
  /** Fills missing inputs and outputs and adds statistics of its columns. */
  trainingSet?: TableInput
  labelColumn?: string
  /** Files, folders (paths), URLs or JSON values kept with the model. Text is a path or URL. */
  extraData?: Readonly<Record<string, unknown>>
}

/**
 * A folder: `model.json` (the description), the model's file or files, `extra/…`. Throws with half a sentence when it cannot be made.
 */
export function packModel(key: string, options: ModelOptions, place: ArtifactPlace): JournalArtifact {
  const path = placeOf(key, options, place.outPath)
  const facts: JsonObject = { ...plainFacts(options), ...schemaFacts(options) }
  const file = place.spool.folder(basename(path), (folder) => {
    const modelFile = placeModel(key, options, folder)
    if (modelFile !== undefined) facts['modelFile'] = modelFile
    const extraData = placeExtraData(options.extraData ?? {}, folder)
    if (Object.keys(extraData).length > 0) facts['extraData'] = extraData
    folder.write('model.json', `${JSON.stringify({ key, ...facts }, undefined, 1)}\n`)
  })
  const { tag, metadata, framework } = options
  const shared = { ...(tag === undefined ? {} : { tag }), ...(metadata === undefined ? {} : { metadata }) }
  const labels = { ...(framework === undefined ? {} : { framework }), ...options.labels }
  return { ...describeArtifact(key, path, { ...shared, labels, kind: 'model', format: '' }, facts), file }
}

function plainFacts({ framework, algorithm, metrics, parameters }: ModelOptions): JsonObject {
  const facts: JsonObject = {}
  for (const [name, value] of Object.entries({ framework, algorithm, metrics, parameters })) {
    const json = toJsonValue(value)
    if (json !== undefined) facts[name] = json
  }
  return facts
}

function placeModel(key: string, options: ModelOptions, folder: SpoolFolder): string | undefined {
  const { body, modelFile, modelDirectory } = options
  if (modelDirectory !== undefined) {
    if (!statSync(modelDirectory).isDirectory()) throw new Error(`modelDirectory ${modelDirectory} is not a folder`)
    folder.copy(modelDirectory, '')
  }
  if (body !== undefined) {
    const bytes = typeof body === 'string' || ArrayBuffer.isView(body) || body instanceof ArrayBuffer
    const name = safeComponent(basename(modelFile ?? (bytes ? key : `${key}.json`)))
    folder.write(name, bytes ? (body as ArtifactBody) : `${JSON.stringify(toJsonValue(body) ?? null, undefined, 1)}\n`)
    return name
  }
  if (modelFile === undefined) {
    if (modelDirectory === undefined) throw new Error('it needs a body, a modelFile or a modelDirectory')
    return undefined
  }
  if (modelDirectory !== undefined && !isAbsolute(modelFile) && existsSync(join(modelDirectory, modelFile))) return modelFile
  const name = safeComponent(basename(modelFile))
  folder.copy(modelFile, name)
  return name
}

function schemaFacts({ inputs, outputs, trainingSet, labelColumn }: ModelOptions): JsonObject {
  const facts: JsonObject = {}
  let [inputColumns, outputColumns] = [inputs?.map(toColumn), outputs?.map(toColumn)]
  if (trainingSet !== undefined) {
    const table = toTable(trainingSet)
    if (labelColumn !== undefined && !table.columns.has(labelColumn))
      throw new Error(`its training set has no column '${labelColumn}'`)
    const columns = table.names.map((name) => ({ name, type: columnType(table.columns.get(name)!) }))
    inputColumns ??= columns.filter(({ name }) => name !== labelColumn)
    outputColumns ??= columns.filter(({ name }) => name === labelColumn)
    facts['stats'] = tableStatistics(table)
  }
  if (inputColumns) facts['inputs'] = inputColumns
  if (outputColumns) facts['outputs'] = outputColumns
  if (labelColumn !== undefined) facts['labelColumn'] = labelColumn
  return facts
}

const toColumn = (column: string | ModelColumn): { name: string; type: string | null } =>
  typeof column === 'string' ? { name: column, type: null } : { name: column.name, type: column.type ?? null }

function placeExtraData(extraData: Readonly<Record<string, unknown>>, folder: SpoolFolder): JsonObject {
  const kept: Record<string, JsonValue> = {}
  for (const [key, value] of Object.entries(extraData)) {
    if (typeof value === 'string' && !isUrl(value)) {
      const name = `extra/${safeComponent(basename(value))}`
      folder.copy(value, name)
      kept[key] = name
    } else if (ArrayBuffer.isView(value)) {
      const name = `extra/${safeRelativePath(key)}`
      folder.write(name, value as NodeJS.ArrayBufferView)
      kept[key] = name
    } else {
      kept[key] = toJsonValue(value) ?? null
    }
  }
  return kept
}
