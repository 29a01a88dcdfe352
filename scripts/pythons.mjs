// Finds the Python interpreters of this machine, newest way of asking first. Works with no package installed.
import { existsSync, readdirSync, realpathSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { run } from './steps.mjs'

const oldest = 9
const newest = 13

/**
 * One interpreter per version from 3.9 to 3.13: `TRAINYARD_PYTHON` first, then PATH, then pyenv's.
 * @returns {Promise<{ executable: string, version: string }[]>} sorted by version
 */
export async function findPythons() {
  const found = new Map()
  const seen = new Set()
  for (const path of candidates()) {
    if (seen.has(path)) continue
    seen.add(path)
    const { code, output } = await run(path, [
      '-I',
      '-S',
      '-c',
      'import sys; print("%d.%d.%d|%s" % (sys.version_info[:3] + (sys.executable,)))',
    ])
    const [, version, minor, executable] = /^(3\.(\d+)\.\d+)\|(.+)\s*$/.exec(output) ?? []
    if (code !== 0 || !version || Number(minor) < oldest || Number(minor) > newest || found.has(minor)) continue
    found.set(minor, { executable: executable.trim(), version })
  }
  return [...found.entries()].sort(([left], [right]) => Number(left) - Number(right)).map(([, python]) => python)
}

/** What `python3` means here comes first, so that it is preferred among equals. */
function candidates() {
  const paths = []
  if (process.env.TRAINYARD_PYTHON) paths.push(process.env.TRAINYARD_PYTHON)
  const pyenv = join(process.env.PYENV_ROOT || join(homedir(), '.pyenv'), 'versions')
  const versions = existsSync(pyenv) ? readdirSync(pyenv).map((name) => join(pyenv, name, 'bin', 'python')) : []
  const names = ['python3', ...Array.from({ length: newest - oldest + 1 }, (_, index) => `python3.${newest - index}`), 'python']
  for (const name of names) {
    for (const folder of (process.env.PATH ?? '').split(delimiter)) {
      const path = join(folder, name)
      // A shim of pyenv answers only for the version that is chosen at the moment; the real ones follow.
      if (folder && existsSync(path) && !path.includes(join('.pyenv', 'shims'))) paths.push(path)
    }
  }
  return [...paths, ...versions.filter((path) => existsSync(path))].map((path) =>
    path.endsWith('python3') ? path : realpathOr(path),
  )
}

function realpathOr(path) {
  try {
    return realpathSync(path)
  } catch {
    // A dangling link: asking it will fail and it is passed over.
    return path
  }
}
