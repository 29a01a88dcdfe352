import { useQueries } from '@tanstack/react-query'
import { useCallback, useMemo, useState } from 'react'
import { type TableScope, windowQuery } from '../api/queries.ts'
import type { RunRow } from '../api/types.ts'
import type { RunRows } from './use-run-rows.ts'

const mostShown = 1_000

export interface RunTree {
  total: number
  rowAt(index: number): RunRow | undefined
  expanded: ReadonlySet<string>
  /** What lies below the opened ones, each in its order. */
  blocks: readonly (readonly RunRow[])[]
  toggle(row: RunRow, index: number): void
}

/** Iterations below their sweep and nested runs below their parent, in the table's own order. The table itself knows parents only: opened ones shift what follows. */
export function useExpandedRows(rows: RunRows, scope: TableScope, columns: string): RunTree {
  const [opened, setOpened] = useState<{ id: string; at: number }[]>([])
  const results = useQueries({
    queries: opened.map(({ id }) =>
      windowQuery({ sort: scope.sort ?? 'iteration', iterations: true, filter: `parent = '${id}'` }, columns, mostShown),
    ),
  })
  const children = results.map(({ data }) => data?.rows)
  const signature = children.map((each) => each?.length ?? 0).join(' ')
  const tree = useMemo(() => {
    const blocks = opened
      .map(({ at, id }, index) => ({ at, id, rows: children[index] ?? [] }))
      .toSorted((left, right) => left.at - right.at)
    const extra = blocks.reduce((sum, block) => sum + block.rows.length, 0)
    /** The place among the parents, or the child. */
    const locate = (index: number): { parent: number } | { child: RunRow } => {
      let before = 0
      for (const block of blocks) {
        const start = block.at + 1 + before
        if (index < start) break
        const inside = block.rows[index - start]
        if (inside) return { child: inside }
        before += block.rows.length
      }
      return { parent: index - before }
    }
    return { extra, locate, blocks: blocks.map((block) => block.rows) }
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- The signature stands for the children.
  }, [opened, signature, results.map(({ dataUpdatedAt }) => dataUpdatedAt).join(' ')])
  const toggle = useCallback(
    (row: RunRow, index: number) =>
      setOpened((before) => {
        if (before.some(({ id }) => id === row.id)) return before.filter(({ id }) => id !== row.id)
        const place = tree.locate(index)
        return 'parent' in place ? [...before, { id: row.id, at: place.parent }] : before
      }),
    [tree],
  )
  return {
    total: (rows.total ?? 0) + tree.extra,
    rowAt: (index) => {
      const place = tree.locate(index)
      return 'child' in place ? place.child : rows.rowAt(place.parent)
    },
    blocks: tree.blocks,
    expanded: useMemo(() => new Set(opened.map(({ id }) => id)), [opened]),
    toggle,
  }
}
