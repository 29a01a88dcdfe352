// Bundles the dashboard into the platform package, compressed as it is sent. Takes a few seconds, so it is done only when its sources
// are others than those of the last time.
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'

const packages = join(dirname(dirname(fileURLToPath(import.meta.url))), 'packages')
const target = join(packages, 'platform', 'dist', 'ui')

function* filesOf(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) {
      if (entry.name !== 'node_modules' && entry.name !== 'dist') yield* filesOf(path)
    } else if (!/\.test\.tsx?$/.test(entry.name)) yield path
  }
}

/** Contents, not times: a checkout changes all times. */
function hashOfSources() {
  const hash = createHash('sha256')
  for (const folder of [join(packages, 'ui'), join(packages, 'contract', 'src')])
    for (const path of [...filesOf(folder)].sort((left, right) => (left < right ? -1 : 1)))
      hash.update(path.slice(packages.length)).update('\0').update(readFileSync(path))
  return hash.digest('hex')
}

function compress(folder) {
  for (const path of filesOf(folder)) {
    if (!/\.(js|css|svg)$/.test(path)) continue
    const bytes = readFileSync(path)
    writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }))
    writeFileSync(`${path}.br`, brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }))
  }
}

/** True when it was built; false when what is there fits. */
export async function buildDashboard() {
  const stamp = join(target, 'built-from')
  const wanted = hashOfSources()
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return false
  const fresh = `${target}-${process.pid}`
  const old = `${fresh}-old`
  try {
    // Tests build too, and theirs is what is then measured and packed: without this it would be the slow one that React has for development.
    process.env.NODE_ENV = 'production'
    const { build } = await import('vite')
    await build({
      configFile: join(packages, 'ui', 'vite.config.ts'),
      logLevel: 'warn',
      build: { outDir: fresh, emptyOutDir: true },
    })
    compress(fresh)
    writeFileSync(join(fresh, 'built-from'), wanted)
    if (existsSync(target)) renameSync(target, old)
    renameSync(fresh, target)
  } catch (error) {
    // Another process put its own, equally fresh one there first.
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error
  } finally {
    for (const folder of [fresh, old]) rmSync(folder, { recursive: true, force: true })
  }
  return true
}
