import type { RunExit } from '@trainyard/contract'
import { describe, expect, it } from 'vitest'
import { concludeRun } from './conclude.ts'

const exited = (code: number): RunExit => ({ kind: 'exited', code })

describe('concludeRun', () => {
  it('takes a zero exit as completed, with or without a word from the journal', () => {
    expect(concludeRun(exited(0), { outcome: 'completed' })).toEqual({ state: 'completed', reason: null, error: null })
    expect(concludeRun(exited(0), undefined).state).toBe('completed')
  })

  it('names the exception rather than the exit code', () => {
    const error = { type: 'ValueError', message: 'bad depth\nsecond line' }
    expect(concludeRun(exited(1), { outcome: 'failed', error })).toEqual({
      state: 'failed',
      reason: 'ValueError: bad depth',
      error,
    })
  })

  it('tells a mistake in what was asked by its sentence alone', () => {
    const error = { type: 'invalid_parameter', message: "Parameter 'rounds' is missing." }
    expect(concludeRun(exited(1), { outcome: 'failed', error })).toMatchObject({ reason: error.message, error })
  })

  it('tells the code of a script that exits by itself', () => {
    expect(concludeRun(exited(3), undefined)).toMatchObject({ state: 'failed', reason: 'exited with code 3' })
  })

  it('tells the out-of-memory killer from other kills', () => {
    const killed: RunExit = { kind: 'signalled', signal: 'SIGKILL', outOfMemory: true }
    expect(concludeRun(killed, undefined).reason).toContain('ran out of memory')
    expect(concludeRun({ kind: 'signalled', signal: 'SIGSEGV' }, undefined).reason).toBe('killed by SIGSEGV')
  })

  it('lets our own stop win over what the process said', () => {
    const stopped: RunExit = { kind: 'cancelled', forced: false }
    expect(concludeRun(stopped, { outcome: 'completed' }, 'aborted by ada')).toMatchObject({
      state: 'aborted',
      reason: 'aborted by ada',
    })
    expect(concludeRun({ kind: 'timed_out', afterMs: 1500 }, undefined)).toMatchObject({
      state: 'failed',
      reason: 'timed out after 1.5 s',
    })
  })

  it('lets an iteration that ended by itself before it was stopped early be complete', () => {
    const stopped: RunExit = { kind: 'cancelled', forced: false, by: 'asha' }
    const because = 'stopped early by ASHA at step 0'
    expect(concludeRun(stopped, { outcome: 'completed' }, because)).toEqual({ state: 'completed', reason: null, error: null })
    expect(concludeRun(stopped, { outcome: 'aborted' }, because)).toMatchObject({ state: 'aborted', reason: because })
    expect(concludeRun({ ...stopped, forced: true }, undefined, because).state).toBe('aborted')
  })

  it('believes the journal of a run whose end nobody saw', () => {
    const lost: RunExit = { kind: 'lost', lastSeenAtMs: 1, host: 'node7' }
    expect(concludeRun(lost, { outcome: 'completed' }).state).toBe('completed')
    expect(concludeRun(lost, undefined)).toMatchObject({ state: 'failed', reason: 'lost: its process vanished on node7' })
  })
})
