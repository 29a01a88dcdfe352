import { useCallback, useMemo, useRef, useState } from 'react'
import type { RunRow } from '../api/types.ts'

export interface Selection {
  ids: ReadonlySet<string>
  rows: readonly RunRow[]
  toggle(row: RunRow, options: { until: boolean; index: number }): void
  clear(): void
}

/** What is chosen of a table, whatever of it is in view. */
export function useSelection(rowAt: (index: number) => RunRow | undefined): Selection {
  const [chosen, setChosen] = useState<ReadonlyMap<string, RunRow>>(new Map())
  const last = useRef(-1)
  const look = useRef(rowAt)
  look.current = rowAt
  const toggle = useCallback((row: RunRow, { until, index }: { until: boolean; index: number }) => {
    setChosen((before) => {
      const next = new Map(before)
      if (until && last.current >= 0) {
        for (let at = Math.min(last.current, index); at <= Math.max(last.current, index); at++) {
          const between = look.current(at)
          if (between) next.set(between.id, between)
        }
      } else if (!next.delete(row.id)) next.set(row.id, row)
      return next
    })
    last.current = index
  }, [])
  return useMemo(
    () => ({ ids: new Set(chosen.keys()), rows: [...chosen.values()], toggle, clear: () => setChosen(new Map()) }),
    [chosen, toggle],
  )
}
