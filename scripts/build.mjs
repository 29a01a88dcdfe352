// Bundles what runs: the command-line program (split, so that each command loads only its own part), the harness for
// TypeScript handlers and the SDK that user code imports. Takes about a quarter of a second, and a few more when the dashboard changed.
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { buildDashboard } from './build-dashboard.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const packages = join(root, 'packages')

/** CommonJS packages inside an ES module bundle still call `require` for Node's own modules. */
const banner = {
  js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
}

const common = {
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node22.18',
  conditions: ['trainyard-source'],
  // Heavy and optional: imported from node_modules on first use.
  external: ['@aws-sdk/*', '@google-cloud/*', '@azure/*', '@duckdb/*', 'mysql2', 'pg', 'pg-copy-streams', 'esbuild'],
  banner,
  logLevel: 'warning',
  legalComments: 'none',
  // Halves what has to be read and compiled at each start; names stay, for stack traces.
  minifyWhitespace: true,
  minifySyntax: true,
}

/** What others' programs import: Node prints the line of an uncaught error, which should be one of code and not all of a file. */
const forImporting = { ...common, minifyWhitespace: false }

/**
 * Node's own modules as plain objects. An `import` of one reads every name it exports, and some are loaded when read: `node:http` took
 * 42 ms of processor time so (its WebSocket is a whole HTTP client), 6 ms this way.
 */
function takeBuiltinsPlainly(folder) {
  for (const name of readdirSync(folder)) {
    if (!name.endsWith('.js')) continue
    const path = join(folder, name)
    const text = readFileSync(path, 'utf8')
    const plain = text.replaceAll(
      /\bimport(?:\s*\*\s*as\s+([\w$]+)|\s+([\w$]+))?\s*,?\s*(\{[^{}]*\})?\s*from\s*("node:[\w/]+");/g,
      (_whole, star, standard, names, module) => {
        const taken = `process.getBuiltinModule(${module})`
        const words = names?.replaceAll(/ as /g, ':')
        return [star ?? standard, words]
          .filter(Boolean)
          .map((target) => `const ${target}=${taken};`)
          .join('')
      },
    )
    if (plain !== text) writeFileSync(path, plain)
  }
}

/** A build that was killed leaves its folder behind. */
function removeAbandoned(target) {
  for (const name of readdirSync(dirname(target))) {
    const path = join(dirname(target), name)
    if (name.startsWith(`${basename(target)}-`) && Date.now() - statSync(path, { throwIfNoEntry: false })?.mtimeMs > 3_600_000)
      rmSync(path, { recursive: true, force: true })
  }
}

/** Replaces `target` by a finished folder in one step, so that a program starting meanwhile never sees a half-written bundle. */
async function buildInto(esbuild, target, options) {
  removeAbandoned(target)
  const fresh = mkdtempSync(`${target}-`)
  // Temporary folders are their maker's alone; this one is run by others too: the image's user is not the one who built it.
  chmodSync(fresh, 0o755)
  try {
    await esbuild.build({ ...common, ...options, outdir: fresh })
    takeBuiltinsPlainly(fresh)
    const old = `${fresh}-old`
    try {
      renameSync(target, old)
    } catch (error) {
      if (error.code !== 'ENOENT') throw error
    }
    try {
      renameSync(fresh, target)
    } catch (error) {
      // Another process put its own, equally fresh bundle there first.
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error
    }
    rmSync(old, { recursive: true, force: true })
  } finally {
    rmSync(fresh, { recursive: true, force: true })
  }
}

export async function build() {
  const esbuild = await import('esbuild')
  const startedAt = new Date()
  mkdirSync(join(packages, 'platform', 'dist'), { recursive: true })
  const platform = join(packages, 'platform')
  await Promise.all([
    buildDashboard(),
    buildInto(esbuild, join(platform, 'dist', 'cli'), {
      entryPoints: { main: join(platform, 'src', 'cli', 'main.ts') },
      splitting: true,
    }),
    esbuild.build({
      ...forImporting,
      entryPoints: ['index', 'client', 'harness'].map((name) => join(packages, 'sdk', 'src', `${name}.ts`)),
      outdir: join(packages, 'sdk', 'dist'),
    }),
    esbuild.build({
      ...forImporting,
      entryPoints: readdirSync(join(packages, 'contract', 'src'))
        .filter((name) => /^[\w-]+\.ts$/.test(name))
        .map((name) => join(packages, 'contract', 'src', name)),
      outdir: join(packages, 'contract', 'dist'),
    }),
  ])
  // A source edited while the bundle was made must count as newer.
  utimesSync(join(platform, 'dist', 'cli', 'main.js'), startedAt, startedAt)
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await build()
  console.log('built packages/*/dist')
}
