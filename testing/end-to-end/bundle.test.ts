import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const bundle = fileURLToPath(new URL('../../packages/platform/dist/cli/', import.meta.url))

/** The text of all parts that are loaded with this one. */
function loadedWith(part: string): string {
  const parts = new Map<string, string>()
  const load = (name: string): void => {
    if (parts.has(name)) return
    const text = readFileSync(join(bundle, name), 'utf8')
    parts.set(name, text)
    for (const [, next] of text.matchAll(/\bimport(?:[^"'()]*from)?"\.\/([^"]+)"/g)) load(next!)
  }
  load(part)
  return [...parts.values()].join('\n')
}

const partsNamed = (name: RegExp): string[] => readdirSync(bundle).filter((file) => name.test(file))

it('`run` starts the script before it loads the database, which takes as long as Python takes to start', () => {
  const [run, ...others] = partsNamed(/^run-[A-Z0-9]{8}\.js$/)
  expect(others).toEqual([])
  const [work] = partsNamed(/^run-work-[A-Z0-9]{8}\.js$/)
  expect(loadedWith(work!)).toContain('node:sqlite')
  expect(loadedWith(run!)).toContain('startProcess')
  expect(loadedWith(run!)).not.toContain('node:sqlite')
})
