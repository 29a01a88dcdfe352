// Types of the packages that user code imports, beside their bundles: what a consumer's `tsc` reads. Done when they are packed.
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

// The SDK's own declarations name those of the contract, which must be there first.
for (const name of ['contract', 'sdk']) {
  const project = join(root, 'packages', name, 'tsconfig.declarations.json')
  execFileSync(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', project], { stdio: 'inherit' })
  const types = join(root, 'packages', name, 'dist', 'index.d.ts')
  if (!existsSync(types)) throw new Error(`there is no ${types}`)
}
