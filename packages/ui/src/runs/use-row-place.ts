import { useCallback, useEffect, useRef } from 'react'
import type { RunRow } from '../api/types.ts'
import { useSearch } from '../app/link.tsx'
import { rowsPerChunk, type RunRows } from './use-run-rows.ts'

/** Leaves the run that is opened in the address, by its number; on the way back its row is the current one, wherever it stands by then. */
export function useRowPlace({ first, numbers, total }: RunRows, setCurrent: (index: number) => void): (row: RunRow) => void {
  const [search, change] = useSearch()
  const place = search.get('row')
  const isSettled = useRef(place === null)
  useEffect(() => {
    if (isSettled.current || total === undefined) return
    const near = first.findIndex(({ number }) => String(number) === place)
    const at = near >= 0 ? near : (numbers?.indexOf(Number(place)) ?? -1)
    if (at >= 0) setCurrent(at)
    isSettled.current = at >= 0 || numbers !== undefined || total <= rowsPerChunk
  }, [first, numbers, total, place, setCurrent])
  return useCallback((row: RunRow) => change({ row: String(row.number) }), [change])
}
