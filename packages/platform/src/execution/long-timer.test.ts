import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { afterDelay } from './long-timer.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const dayMs = 86_400_000

describe('afterDelay', () => {
  it('waits 60 days when asked to, and not one millisecond', () => {
    let fired = 0
    afterDelay(60 * dayMs, () => fired++)
    vi.advanceTimersByTime(60 * dayMs - 1)
    expect(fired).toBe(0)
    vi.advanceTimersByTime(1)
    expect(fired).toBe(1)
  })

  it('never fires once it is disposed, also in a later stretch', () => {
    let fired = 0
    const timer = afterDelay(60 * dayMs, () => fired++)
    vi.advanceTimersByTime(30 * dayMs)
    timer[Symbol.dispose]()
    vi.advanceTimersByTime(90 * dayMs)
    expect(fired).toBe(0)
  })
})
