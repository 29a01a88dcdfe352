import type { Lineage, LineageNode } from '@trainyard/contract/native-api'

export interface PlacedNode {
  node: LineageNode
  x: number
  y: number
}

export const box = { width: 148, height: 44 }
const gap = { x: 24, y: 10 }

/** Ranks become columns from left to right; in a column, what is linked to the same things stands together, columns are centred. */
export function layOut({ nodes, edges }: Lineage): { placed: PlacedNode[]; width: number; height: number } {
  const columns = [...Map.groupBy(nodes, ({ rank }) => rank)].sort(([left], [right]) => left - right)
  const most = Math.max(0, ...columns.map(([, members]) => members.length))
  const height = Math.max(0, most * (box.height + gap.y) - gap.y)
  const rows = new Map<string, number>()
  const placed = columns.flatMap(([, members], column) => {
    const ordered = members
      .map((node) => ({ node, place: meanRow(node.id, edges, rows) }))
      .sort((left, right) => left.place - right.place)
      .map(({ node }) => node)
    const top = (height - (ordered.length * (box.height + gap.y) - gap.y)) / 2
    return ordered.map((node, row) => {
      const y = top + row * (box.height + gap.y)
      rows.set(node.id, y)
      return { node, x: column * (box.width + gap.x), y }
    })
  })
  return { placed, width: Math.max(0, columns.length * (box.width + gap.x) - gap.x), height }
}

function meanRow(id: string, edges: Lineage['edges'], rows: ReadonlyMap<string, number>): number {
  const known = edges.flatMap(({ from, to }) => (to === id ? (rows.get(from) ?? []) : from === id ? (rows.get(to) ?? []) : []))
  return known.length === 0 ? 0 : known.reduce((sum, row) => sum + row, 0) / known.length
}

/** Where a thing has its own page, or the question about it. */
export function addressOfNode({ kind, run, artifact, label, project, model, version, digest }: LineageNode): string | undefined {
  const text = encodeURIComponent
  if (kind === 'run') return `/runs/${run}/lineage`
  if (kind === 'version') return `/p/${text(project ?? 'default')}/models/${text(model ?? '')}?version=${version}`
  if (kind === 'dataset') return `/lineage?dataset=${text(label)}&digest=${text(digest ?? '')}`
  if (kind === 'artifact') return run === null ? `/lineage?artifact=${artifact}` : `/runs/${run}/artifacts?key=${text(label)}`
  return undefined
}
