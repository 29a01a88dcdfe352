import { useQuery } from '@tanstack/react-query'
import type { AsyncBuffer, Compressors } from 'hyparquet'
import { useState } from 'react'
import { Refusal } from '../app/error-page.tsx'
import { readBytes } from './read-bytes.ts'
import { Pages, RowTable } from './row-table.tsx'

const pageRows = 200
const mostColumns = 200

/** What is needed to read Parquet comes with the first file of that kind: 20 kB, Zstandard and gzip included. */
async function loadReader() {
  const [parquet, { gunzipSync }, { decompress }] = await Promise.all([import('hyparquet'), import('fflate'), import('fzstd')])
  const compressors: Compressors = {
    GZIP: (bytes) => gunzipSync(bytes),
    ZSTD: (bytes) => decompress(bytes),
  }
  return { ...parquet, compressors }
}

/** A Parquet file of any size as a table: only its footer and the pages of the shown rows are read. */
export function ParquetPreview({ address, sizeBytes }: { address: string; sizeBytes: number }) {
  const [page, setPage] = useState(0)
  const first = page * pageRows
  const { data, error } = useQuery({
    queryKey: ['parquet', address, first],
    queryFn: ({ signal }) => readRows({ address, sizeBytes, first }, signal),
    placeholderData: (before) => before,
    staleTime: 60_000,
    retry: false,
  })
  if (error) return <Refusal error={error} />
  if (!data) return <p className="muted">Reading.</p>
  return (
    <>
      {data.columnCount > mostColumns && (
        <p className="note">
          Showing {mostColumns} of {data.columnCount} columns.
        </p>
      )}
      <RowTable head={data.head} rows={data.rows} />
      <Pages
        first={first}
        count={data.rows.length}
        total={data.total}
        hasNext={first + pageRows < data.total}
        page={page}
        onPage={setPage}
      />
    </>
  )
}

async function readRows(
  { address, sizeBytes, first }: { address: string; sizeBytes: number; first: number },
  signal: AbortSignal,
) {
  const { parquetMetadataAsync, parquetSchema, parquetReadObjects, compressors } = await loadReader()
  const file: AsyncBuffer = {
    byteLength: sizeBytes,
    slice: (start, end = sizeBytes) => readBytes(address, start, end, signal),
  }
  const metadata = await parquetMetadataAsync(file)
  const names = parquetSchema(metadata).children.map(({ element }) => element.name)
  const head = names.slice(0, mostColumns)
  const total = Number(metadata.num_rows)
  const rowEnd = Math.min(total, first + pageRows)
  const objects = await parquetReadObjects({ file, metadata, compressors, columns: head, rowStart: first, rowEnd })
  return { head, rows: objects.map((row) => head.map((name) => cellOf(row[name]))), total, columnCount: names.length }
}

function cellOf(value: unknown): string {
  if (value === null || value === undefined) return ''
  if (value instanceof Date) return value.toISOString()
  if (value instanceof Uint8Array) return `${value.length} bytes`
  if (typeof value === 'string') return value
  if (typeof value === 'bigint' || typeof value === 'number' || typeof value === 'boolean') return `${value}`
  return JSON.stringify(value, (_key, part: unknown) => (typeof part === 'bigint' ? String(part) : part))
}
