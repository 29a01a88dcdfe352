import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { dataDirectoryAt, locateDataDirectory, makeDataDirectory, openDataDirectory } from './data-directory.ts'

function temporary(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'data-directory-')))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return folder
}

describe('the data directory', () => {
  it('is the nearest .trainyard upwards, else one in the working folder', () => {
    const folder = temporary()
    mkdirSync(join(folder, 'a', 'b'), { recursive: true })
    expect(locateDataDirectory({ workingDirectory: join(folder, 'a', 'b') })).toEqual({
      path: join(folder, 'a', 'b', '.trainyard'),
      chosenBy: 'default',
    })
    mkdirSync(join(folder, '.trainyard'))
    expect(locateDataDirectory({ workingDirectory: join(folder, 'a', 'b') })).toEqual({
      path: join(folder, '.trainyard'),
      chosenBy: 'nearest',
    })
  })

  it('is the flag before the environment', () => {
    const place = locateDataDirectory({ flag: 'x', environment: '/y', workingDirectory: '/w' })
    expect(place).toEqual({ path: '/w/x', chosenBy: 'flag' })
    expect(locateDataDirectory({ environment: '/y', workingDirectory: '/w' })).toEqual({ path: '/y', chosenBy: 'environment' })
  })

  it('is made once, and says so', () => {
    const place = { path: join(temporary(), 'deep', 'er'), chosenBy: 'flag' as const }
    expect(makeDataDirectory(dataDirectoryAt(place))).toBe(true)
    expect(makeDataDirectory(dataDirectoryAt(place))).toBe(false)
  })

  it('is refused with a sentence where a file is in the way, or nothing can be made', () => {
    const folder = temporary()
    writeFileSync(join(folder, 'file'), '')
    const refusal = /Cannot use the data directory .*--data or TRAINYARD_HOME/
    expect(() => openDataDirectory({ path: join(folder, 'file'), chosenBy: 'flag' })).toThrow(refusal)
    expect(() => openDataDirectory({ path: '/proc/trainyard', chosenBy: 'flag' })).toThrow(refusal)
  })
})
