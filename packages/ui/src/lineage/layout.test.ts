import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { LineageNode } from '@trainyard/contract/native-api'
import { box, layOut } from './layout.ts'

const nodeOf = (id: string, rank: number): LineageNode => ({
  id,
  kind: 'artifact',
  label: id,
  detail: null,
  rank,
  project: null,
  run: null,
  state: null,
  artifact: id,
  model: null,
  version: null,
  digest: null,
})

it('every thing has a place of its own inside the picture, and what it came from stands to its left', () => {
  const ranks = fc.array(fc.integer({ min: -3, max: 3 }), { minLength: 1, maxLength: 20 })
  fc.assert(
    fc.property(ranks, fc.array(fc.tuple(fc.nat(19), fc.nat(19)), { maxLength: 20 }), (given, pairs) => {
      const nodes = given.map((rank, at) => nodeOf(String(at), rank))
      const edges = pairs.map(([from, to]) => ({ from: String(from % nodes.length), to: String(to % nodes.length) }))
      const { placed, width, height } = layOut({ nodes, edges, isCut: false })
      expect(placed.map(({ node }) => node.id).toSorted()).toEqual(nodes.map(({ id }) => id).toSorted())
      for (const [at, one] of placed.entries()) {
        expect(one.x).toBeGreaterThanOrEqual(0)
        expect(one.x + box.width).toBeLessThanOrEqual(width)
        expect(one.y + box.height).toBeLessThanOrEqual(height + 0.001)
        for (const other of placed.slice(at + 1)) {
          if (one.node.rank === other.node.rank) expect(Math.abs(one.y - other.y)).toBeGreaterThanOrEqual(box.height)
          else expect(one.x < other.x).toBe(one.node.rank < other.node.rank)
        }
      }
    }),
  )
})
