import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Refusal } from '../app/error-page.tsx'
import { parseDelimited, wholeRows } from './delimited.ts'
import { readBytes } from './read-bytes.ts'
import { Pages, RowTable } from './row-table.tsx'

const pageRows = 500
/** Read for one page; a row longer than this is cut. */
const pageBytes = 1_000_000

interface Page {
  rows: string[][]
  /** Where the next one starts; null behind the last. */
  next: number | null
}

/** A CSV of any size, page by page: only the bytes of the page are read. */
export function DelimitedPreview({ address, separator }: { address: string; separator: ',' | '\t' }) {
  const [page, setPage] = useState(0)
  const [starts, setStarts] = useState<readonly number[]>([0])
  const { data: head } = useQuery({
    queryKey: ['delimited head', address],
    queryFn: async ({ signal }) => await readPage(address, { from: 0, separator, limit: 1 }, signal),
    staleTime: 60_000,
    retry: false,
  })
  const start = page === 0 ? head?.next : starts[page]
  const { data, error } = useQuery({
    queryKey: ['delimited', address, start],
    queryFn: ({ signal }) => readPage(address, { from: start ?? 0, separator, limit: pageRows }, signal),
    enabled: typeof start === 'number',
    staleTime: 60_000,
    retry: false,
  })
  const show = (next: number): void => {
    if (next > page && data?.next != null) setStarts([...starts.slice(0, next), data.next])
    setPage(next)
  }
  if (error) return <Refusal error={error} />
  if (!head) return null
  return (
    <>
      <RowTable head={head.rows[0] ?? []} rows={data?.rows ?? []} />
      {data && <Pages first={page * pageRows} count={data.rows.length} hasNext={data.next !== null} page={page} onPage={show} />}
    </>
  )
}

async function readPage(
  address: string,
  { from, separator, limit }: { from: number; separator: string; limit: number },
  signal: AbortSignal,
): Promise<Page> {
  const bytes = await readBytes(address, from, from + pageBytes, signal)
  const isLast = bytes.byteLength < pageBytes
  const text = new TextDecoder().decode(bytes)
  const { rows, length } = isLast ? parseDelimited(text, separator, limit) : wholeRows(text, separator, limit)
  const next = from + new TextEncoder().encode(text.slice(0, length)).length
  return { rows, next: isLast && length === text.length ? null : next }
}
