import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, describe, expect, it } from 'vitest'
import { entriesOf, readJournal } from '../testing/read-journal.ts'
import { fixture, removeTemporaryFolders, temporaryFolder } from '../testing/start-job.ts'
import { locateDataDirectory } from './bare-run.ts'

afterAll(removeTemporaryFolders)

const run = promisify(execFile)

const start = (folder: string, words: string[], environment: Record<string, string> = {}) => {
  const { TRAINYARD_RUN: _run, TRAINYARD_HOME: _home, ...inherited } = process.env
  return run(process.execPath, ['--conditions=trainyard-source', fixture('bare.ts'), ...words], {
    cwd: folder,
    env: { ...inherited, ...environment },
  })
}

const onlyRun = (data: string): string => join(data, 'runs', readdirSync(join(data, 'runs'))[0]!)

describe.concurrent('a script without a supervisor', () => {
  it('makes a run of its own in a new data directory, says so, and ends it with the process', async () => {
    const folder = temporaryFolder()
    const { stderr } = await start(folder, [])
    const data = join(folder, '.trainyard')
    expect(stderr).toBe(`trainyard: Made the data directory ${data}.\n`)
    const journal = readJournal(onlyRun(data))
    const [first] = entriesOf(journal, 'start')
    expect(first?.[3].run).toMatchObject({ name: 'bare-run', project: 'default', parameters: { eta: 0.1 } })
    expect(first?.[3].run?.id).toBe(readdirSync(join(data, 'runs'))[0])
    expect(first?.[3].source?.file).toBe(fixture('bare.ts'))
    expect(journal.map((entry) => entry[2])).toEqual(['start', 'label', 'metric', 'end'])
    expect(journal.at(-1)?.[3]).toEqual({ outcome: 'completed' })
    expect(existsSync(join(data, 'artifacts'))).toBe(true)
  })

  it('records how it failed, in the directory that TRAINYARD_HOME names', async () => {
    const folder = temporaryFolder()
    const data = join(folder, 'elsewhere')
    await expect(start(folder, ['fail'], { TRAINYARD_HOME: 'elsewhere' })).rejects.toMatchObject({ code: 1 })
    expect(readJournal(onlyRun(data)).at(-1)?.[3]).toMatchObject({
      outcome: 'failed',
      error: { type: 'RangeError', message: 'on purpose' },
    })
  })
})

it('the data directory is the given one, else the nearest upwards, else one here', () => {
  const folder = temporaryFolder()
  const inner = join(folder, 'a', 'b')
  mkdirSync(inner, { recursive: true })
  expect(locateDataDirectory('x', inner)).toBe(join(inner, 'x'))
  expect(locateDataDirectory(undefined, inner)).toBe(join(inner, '.trainyard'))
  mkdirSync(join(folder, '.trainyard'))
  expect(locateDataDirectory(undefined, inner)).toBe(join(folder, '.trainyard'))
})
