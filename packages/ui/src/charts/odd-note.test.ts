import { expect, it, vi } from 'vitest'
import { oddNote } from './odd-note.ts'

// Numbers are written as somebody chose in the browser.
vi.hoisted(() => vi.stubGlobal('localStorage', { getItem: () => null }))

const nan = (line: number, x: number) => ({ line, x, kind: 'nan' as const })
const line = (label: string, values: number[]) => ({ label, values })

it('one value that is not a number is said with its run and its step', () => {
  expect(oddNote([nan(1, 120)], [line('fine', [1, 2]), line('diverged train', [1, Number.NaN, 2])], 'step')).toBe(
    'diverged train: NaN at step 120',
  )
})

it('a line that never comes back says from where, and how many lines beside it', () => {
  const lost = [1, Number.NaN, Number.NaN]
  expect(oddNote([nan(0, 5), nan(0, 6), nan(1, 5)], [line('a', lost), line('b', [1, Number.NaN, 1])], 'step')).toBe(
    'a: NaN from step 5; in 1 more line',
  )
  expect(oddNote([], [], 'step')).toBe('')
})

it('an infinity is said as what it is', () => {
  const above = { line: 0, x: 40, kind: 'above' as const }
  expect(oddNote([above], [line('a', [1, Infinity, 2])], 'step')).toBe('a: +∞ at step 40')
})
