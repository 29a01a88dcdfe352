import { extname } from 'node:path'
import type { JournalArtifact, JsonObject } from '@trainyard/contract'
import { toJsonValue } from '../journal/json-value.ts'
import { csvPieces } from '../tables/csv.ts'
import { columnType, tableStatistics } from '../tables/statistics.ts'
import { type Table, type TableInput, toTable } from '../tables/table.ts'
import { type ArtifactOptions, type ArtifactPlace, packBytes, withSuffix } from './pack.ts'

export const datasetFormats = ['csv', 'json', 'jsonl'] as const
export type DatasetFormat = (typeof datasetFormats)[number]

export interface DatasetOptions extends Pick<ArtifactOptions, 'localPath' | 'path' | 'labels' | 'tag' | 'metadata' | 'title'> {
  /** Default: the suffix of `localPath` or of the key, else `csv`. */
  format?: DatasetFormat
  /** Statistics of every column; default: below 10,000 rows and 100 columns. */
  stats?: boolean
  /** Rows kept with the record; default 20. */
  preview?: number
  labelColumn?: string
  extraData?: Record<string, unknown>
}

const automaticStatisticsRows = 10_000
const automaticStatisticsColumns = 100
const previewRows = 20
const maxPreviewColumns = 100

/** Throws with half a sentence when the rows are no table or cannot be written. */
export function packDataset(key: string, data: TableInput, options: DatasetOptions, place: ArtifactPlace): JournalArtifact {
  const table = toTable(data)
  const suffix = extname(options.localPath ?? key).slice(1) as DatasetFormat
  const format = options.format ?? (datasetFormats.includes(suffix) ? suffix : 'csv')
  if (!datasetFormats.includes(format))
    throw new Error(`the format '${format as string}' is not one of ${datasetFormats.join(', ')}`)
  return packBytes(
    key,
    options.localPath ?? withSuffix(key, format),
    format === 'csv' ? csvPieces(table) : jsonPieces(table, format),
    {
      place,
      options: { ...options, format, kind: 'dataset' },
      metadata: tableMetadata(table, options),
    },
  )
}

/** `header`, `schema`, `length`, `preview` and, when asked for or small, `stats`. */
export function tableMetadata(
  table: Table,
  options: Pick<DatasetOptions, 'stats' | 'preview' | 'labelColumn' | 'extraData'>,
): JsonObject {
  const shown = table.names.slice(0, maxPreviewColumns).map((name) => table.columns.get(name)!)
  const rows = Math.min(table.rowCount, Math.max(0, options.preview ?? previewRows))
  const small = table.rowCount < automaticStatisticsRows && table.names.length < automaticStatisticsColumns
  return {
    header: [...table.names],
    schema: table.names.map((name) => ({ name, type: columnType(table.columns.get(name)!) })),
    length: table.rowCount,
    preview: Array.from({ length: rows }, (_, row) => shown.map((column) => toJsonValue(column[row]) ?? null)),
    ...(options.labelColumn === undefined ? {} : { labelColumn: options.labelColumn }),
    ...(options.extraData === undefined ? {} : { extraData: toJsonValue(options.extraData) ?? null }),
    ...((options.stats ?? small) ? { stats: tableStatistics(table) } : {}),
  }
}

function* jsonPieces(table: Table, format: 'json' | 'jsonl'): Generator<string> {
  const [open, between, close] = format === 'json' ? ['[', ',\n', ']\n'] : ['', '\n', '\n']
  yield open
  let piece = ''
  for (let row = 0; row < table.rowCount; row++) {
    const values = table.names.map((name): [string, unknown] => [name, toJsonValue(table.columns.get(name)![row]) ?? null])
    piece += `${row === 0 ? '' : between}${JSON.stringify(Object.fromEntries(values))}`
    if (piece.length > 65_536) {
      yield piece
      piece = ''
    }
  }
  yield piece + close
}
