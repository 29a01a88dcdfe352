import type { Span } from '@trainyard/contract/native-api'

export interface SpanRow {
  span: Span
  depth: number
  childCount: number
  isOpen: boolean
}

/**
 * Spans as rows of a tree, children below their parent in order of their start. Spans whose parent is not there, or that are parents of
 * each other, are shown as roots: none is ever missing.
 */
export function spanRows(spans: readonly Span[], closed: ReadonlySet<string>): SpanRow[] {
  const known = new Set(spans.map(({ id }) => id))
  const children = Map.groupBy(spans, ({ parentId }) => (parentId !== null && known.has(parentId) ? parentId : null))
  const rows: SpanRow[] = []
  const seen = new Set<string>()
  const add = (root: Span): void => {
    const waiting = [{ span: root, depth: 0, isHidden: false }]
    while (waiting.length > 0) {
      const { span, depth, isHidden } = waiting.pop()!
      if (seen.has(span.id)) continue
      seen.add(span.id)
      const own = children.get(span.id) ?? []
      const isOpen = !closed.has(span.id)
      if (!isHidden) rows.push({ span, depth, childCount: own.length, isOpen })
      for (const child of own.toReversed()) waiting.push({ span: child, depth: depth + 1, isHidden: isHidden || !isOpen })
    }
  }
  for (const root of children.get(null) ?? []) add(root)
  // What is left is in a ring of parents.
  for (const span of spans) if (!seen.has(span.id)) add(span)
  return rows
}

/** When the last span ends, as far as any has. */
export const lengthOf = (spans: readonly Span[]): number =>
  spans.reduce((most, { startMs, endMs }) => Math.max(most, endMs ?? startMs), 0)
