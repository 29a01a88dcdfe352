// Everything that can be said without running the product: types, lint, format, unused code, layers, the lockfile. One line each,
// details only of what fails.
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { setUp } from './setup.mjs'
import { programStep, root, run, runSteps, say } from './steps.mjs'

const tool = (name) => join(root, 'node_modules', '.bin', name)

/** Compares with what is committed, where there is a repository. */
async function lockfileUnchanged() {
  const { code, output } = await run('git', ['diff', '--stat', '--exit-code', 'HEAD', '--', 'package-lock.json'])
  if (code === 0) return { ok: true }
  if (code === 1) return { ok: false, details: `package-lock.json is not as committed:\n${output}` }
  return { ok: true, note: 'not a git clone, so there is nothing to compare with' }
}

export function checks() {
  return [
    programStep('types', tool('tsc'), ['-p', 'tsconfig.json']),
    programStep('types of the dashboard', tool('tsc'), ['-p', join('packages', 'ui')]),
    programStep('lint, import cycles', tool('oxlint'), []),
    programStep('format', tool('oxfmt'), ['--check']),
    programStep('unused code', tool('knip'), []),
    programStep('layers', tool('vitest'), ['run', '--reporter=dot', 'packages/platform/src/layers.test.ts']),
    { name: 'lockfile', run: lockfileUnchanged },
  ]
}

/** @returns {Promise<string[]>} names of the failed checks */
export const check = () => runSteps(checks(), Math.max(2, Math.min(4, availableParallelism())))

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await setUp(import.meta.url)
  const failed = await check()
  if (failed.length > 0) say(`\nfailed: ${failed.join(', ')}`)
  process.exitCode = failed.length > 0 ? 1 : 0
}
