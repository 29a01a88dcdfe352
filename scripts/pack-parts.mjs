// Before `npm pack` of packages/platform: the Python package and the shelf of functions lie beside `dist/` in a published package, and
// at the top of a clone. After it (`--remove`) the copies go, or a clone would go on with them.
import { cpSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { root } from './steps.mjs'

const target = join(root, 'packages', 'platform')
const parts = ['python/trainyard', 'python/pyproject.toml', 'hub', 'README.md', 'LICENSE']
/** What a run of Python leaves behind, and what made the shelf's files. */
const leftOut = new Set(['__pycache__', 'generate.py'])

for (const part of ['python', 'hub', 'README.md', 'LICENSE']) rmSync(join(target, part), { recursive: true, force: true })
if (!process.argv.includes('--remove'))
  for (const part of parts)
    cpSync(join(root, part), join(target, part), { recursive: true, filter: (path) => !leftOut.has(basename(path)) })
