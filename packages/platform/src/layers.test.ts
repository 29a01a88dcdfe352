import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { importCycles, layerViolations, rows, type SourceFiles } from './layers.ts'

const source = dirname(fileURLToPath(import.meta.url))

/** Tests may use whatever proves their point; the sources may not. */
function sourceFiles(): SourceFiles {
  const files = new Map<string, string>()
  for (const entry of readdirSync(source, { recursive: true, withFileTypes: true })) {
    const path = relative(source, join(entry.parentPath, entry.name)).split(sep).join('/')
    if (
      !entry.isFile() ||
      !path.endsWith('.ts') ||
      path.endsWith('.test.ts') ||
      path === 'layers.ts' ||
      path.includes('testing/')
    )
      continue
    files.set(path, readFileSync(join(source, path), 'utf8'))
  }
  return files
}

describe('the house', () => {
  const files = sourceFiles()

  it('is read whole', () => {
    expect(files.size).toBeGreaterThan(50)
    expect(Array.from(files.values()).filter((text) => text.includes("from './"))).not.toEqual([])
  })

  it('imports only downwards', () => {
    expect(layerViolations(files, rows)).toEqual([])
  })

  it('has no import cycles', () => {
    expect(importCycles(files)).toEqual([])
  })

  it('keeps what SQLite is like inside its dialect', () => {
    // A lock of the kernel is taken through SQLite in the second; the third reads databases that are not ours.
    const allowed = ['database/sqlite/', 'execution/environments/build-lock.ts', 'migration/mlflow/sql-reader.ts']
    const users = Array.from(files).filter(
      ([path, text]) => text.includes("'node:sqlite'") && !allowed.some((prefix) => path.startsWith(prefix)),
    )
    expect(users.map(([path]) => path)).toEqual([])
  })

  it('opens every folder for outsiders with one index that says what it is', () => {
    for (const folder of rows.flat().filter((name) => !name.endsWith('.ts') && name !== 'base' && name !== 'cli')) {
      expect(files.get(`${folder}/index.ts`), folder).toMatch(/^\/\*\*\n( \*.*\n){3,}/)
    }
  })
})

describe('the check itself fails', () => {
  const layers = [['top'], ['left', 'right'], ['base']]
  const violations = (files: Record<string, string>): string[] =>
    layerViolations(new Map(Object.entries({ 'base/x.ts': '', 'right/x.ts': '', 'top/x.ts': '', ...files })), layers)

  it.each([
    ['up', { 'left/a.ts': "import { x } from '../top/x.ts'" }, 'left/a.ts imports top/x.ts, which is not below it'],
    ['sideways', { 'left/a.ts': "export * from '../right/x.ts'" }, 'left/a.ts imports right/x.ts, which is not below it'],
    [
      'up for a type',
      { 'base/a.ts': "import type { X } from '../top/x.ts'" },
      'base/a.ts imports top/x.ts, which is not below it',
    ],
    [
      'up when needed',
      { 'base/a.ts': "const x = await import('../top/x.ts')" },
      'base/a.ts imports top/x.ts, which is not below it',
    ],
    ['nowhere', { 'left/a.ts': "import '../base/gone.ts'" }, 'left/a.ts imports base/gone.ts, which does not exist'],
    ['out', { 'left/a.ts': "import '../../elsewhere.ts'" }, 'left/a.ts reaches out of the sources: ../elsewhere.ts'],
    ['to a folder without a row', { 'left/a.ts': "import '../new/x.ts'" }, 'left/a.ts: there is no row for new'],
    ['to its own index', { 'left/index.ts': '', 'left/a.ts': "import './index.ts'" }, "left/a.ts imports its own folder's index"],
  ])('for an import that goes %s', (_, files, message) => {
    expect(violations(files as Record<string, string>)).toEqual([message])
  })

  it('not for imports that go down', () => {
    expect(violations({ 'left/a.ts': "import '../base/x.ts'\nimport './b.ts'", 'left/b.ts': '' })).toEqual([])
  })

  it('for cycles of any length, but not for cycles of types', () => {
    const cycle = new Map([
      ['a.ts', "import './b.ts'"],
      ['b.ts', "export { c } from './c.ts'"],
      ['c.ts', "const a = import('./a.ts')"],
      ['d.ts', "import type { A } from './a.ts'\nimport './a.ts'"],
    ])
    expect(importCycles(cycle)).toEqual([['a.ts', 'b.ts', 'c.ts']])
    expect(
      importCycles(
        new Map([
          ['a.ts', "import type { B } from './b.ts'"],
          ['b.ts', "import './a.ts'"],
        ]),
      ),
    ).toEqual([])
    expect(importCycles(new Map([['a.ts', "import './a.ts'"]]))).toEqual([['a.ts']])
  })
})
