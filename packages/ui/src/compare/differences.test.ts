import { expect, it, vi } from 'vitest'
import type { RunRecord } from '../api/types.ts'
import { rowsOf, verdictOf } from './differences.ts'

// Numbers are written as somebody chose in the browser.
vi.hoisted(() => vi.stubGlobal('localStorage', { getItem: () => null }))

const runOf = (name: string, handler: string, auc: number, tag = 'x'): RunRecord =>
  ({
    id: name,
    name,
    state: 'completed',
    parameters: { tag },
    results: { 'val/auc': auc, train_loss: 1 - auc },
    labels: {},
    inputs: [],
    environment: null,
    code: { file: 'train.py', handler, commandLine: [], workingDirectory: '/', scriptSha256: 'aa' },
  }) as Partial<RunRecord> as RunRecord

it('one file with another handler is not the same code, and the best is the best on the goal', () => {
  const runs = [runOf('a', 'fit', 0.8), runOf('b', 'tune', 0.9)]
  expect(verdictOf(runs, 'val/auc')).toContain('Same file, another handler')
  expect(verdictOf(runs, 'val/auc')).toContain('b is best on val/auc')
  expect(verdictOf([runs[0]!, runOf('b', 'fit', 0.9)], undefined)).toMatch(/^Same code, .*\.$/)
})

it('a parameter that is an empty text is shown as one', () => {
  const section = rowsOf([runOf('a', 'fit', 1, ''), runOf('b', 'fit', 1)]).find(({ title }) => title === 'Parameters')
  expect(section?.rows[0]?.cells.map(({ text }) => text)).toEqual(['""', 'x'])
})
