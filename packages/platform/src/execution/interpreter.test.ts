import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { findPython } from './interpreter.ts'

let folder: string
const program = (...path: string[]): string => {
  const file = join(folder, ...path)
  mkdirSync(join(file, '..'), { recursive: true })
  writeFileSync(file, '#!/bin/sh\n')
  chmodSync(file, 0o755)
  return file
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'interpreter-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const find = (environment: Record<string, string>, requested?: string) =>
  findPython({ environment, workingDirectory: folder, ...(requested === undefined ? {} : { requested }) })

describe('findPython', () => {
  it('prefers the active virtual environment over the path', () => {
    const active = program('venv', 'bin', 'python')
    program('bin', 'python3')
    expect(find({ VIRTUAL_ENV: join(folder, 'venv'), PATH: join(folder, 'bin') })).toEqual({
      executable: active,
      reason: 'active virtual environment (VIRTUAL_ENV)',
    })
  })

  it('takes python3, then python, from the path', () => {
    const only = program('bin', 'python')
    expect(find({ PATH: `/nowhere:${join(folder, 'bin')}` }).executable).toBe(only)
  })

  it('looks behind a pyenv shim, by .python-version first', () => {
    program('pyenv', 'shims', 'python3')
    const real = program('pyenv', 'versions', '3.12.1', 'bin', 'python')
    program('pyenv', 'versions', '3.9.1', 'bin', 'python')
    writeFileSync(join(folder, 'pyenv', 'version'), '3.9.1\n')
    writeFileSync(join(folder, '.python-version'), '3.12.1\n')
    const found = find({ PATH: join(folder, 'pyenv', 'shims') })
    expect(found).toEqual({ executable: real, reason: 'python3 on PATH, behind a pyenv shim' })
  })

  it('says what to do when there is none, and when the asked-for one is missing', () => {
    expect(() => find({ PATH: '' })).toThrow('No Python was found: install Python 3.9 or newer')
    expect(() => find({ PATH: '' }, 'python3.99')).toThrow('There is no Python at "python3.99"')
  })
})
