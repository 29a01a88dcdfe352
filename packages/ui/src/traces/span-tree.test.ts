import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { spanRows } from './span-tree.ts'
import type { Span } from '@trainyard/contract/native-api'

const span = (id: string, parentId: string | null, startMs = 0): Span => ({
  id,
  parentId,
  name: id,
  type: null,
  startMs,
  endMs: startMs + 1,
  status: { code: 'OK', message: '' },
  attributes: {},
  events: [],
  links: [],
})

describe('rows of a tree of spans', () => {
  it('stand below their parent, and vanish with a closed one', () => {
    const spans = [span('root', null), span('a', 'root'), span('b', 'a'), span('c', 'root')]
    const shape = (closed: string[]) => spanRows(spans, new Set(closed)).map(({ span: { id }, depth }) => `${id} ${depth}`)
    expect(shape([])).toEqual(['root 0', 'a 1', 'b 2', 'c 1'])
    expect(shape(['a'])).toEqual(['root 0', 'a 1', 'c 1'])
    expect(shape(['root'])).toEqual(['root 0'])
  })

  it('hold every span once, whatever the parents are said to be', () => {
    const ids = fc.integer({ min: 0, max: 12 }).map(String)
    const parents = fc.array(fc.option(ids), { maxLength: 12 })
    fc.assert(
      fc.property(parents, (named) => {
        const spans = named.map((parent, at) => span(String(at), parent))
        const shown = spanRows(spans, new Set()).map((row) => row.span.id)
        expect(shown.toSorted()).toEqual(spans.map(({ id }) => id).toSorted())
      }),
    )
  })
})
