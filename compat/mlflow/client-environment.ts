import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'

export const here = dirname(fileURLToPath(import.meta.url))

/** What a client is given to find a server, and to say at once what goes wrong. */
export const clientEnvironment = (url: string) => ({
  ...process.env,
  MLFLOW_TRACKING_URI: url,
  MLFLOW_HTTP_REQUEST_MAX_RETRIES: '0',
  MLFLOW_DISABLE_TELEMETRY: 'true',
  MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR: 'false',
})

/**
 * The Python of a virtual environment with the pinned client, made once per set of requirements in the user's cache (about half a
 * gigabyte). Undefined, with the reason said, where it cannot be made.
 */
export function pythonWithClient(requirements = 'requirements.txt', beside = here): string | undefined {
  const file = join(beside, requirements)
  const pinned = readFileSync(file, 'utf8')
    .trim()
    .replaceAll(/[^\w.]+/g, '-')
  if (pinned === '') throw new Error(`${file} names no package; the folder of all environments would be cleared.`)
  const folder = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'trainyard-compat', pinned)
  const python = join(folder, 'bin', 'python')
  const ready = join(folder, 'ready')
  if (existsSync(ready)) return python
  mkdirSync(dirname(folder), { recursive: true })
  // One of several comparisons makes it, the others wait: a lock of the kernel, let go of by whoever dies.
  using lock = new DatabaseSync(`${folder}.lock`, { timeout: 1_800_000 })
  lock.exec('BEGIN EXCLUSIVE')
  if (existsSync(ready)) return python
  try {
    console.log(`Making ${folder}; this takes a minute or two.`)
    execFileSync('python3', ['-c', 'import sys; sys.exit(sys.version_info < (3, 10))'])
    execFileSync('python3', ['-m', 'venv', '--clear', folder], { stdio: 'inherit' })
    const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', file]
    execFileSync(python, install, { stdio: 'inherit' })
    writeFileSync(ready, '')
    return python
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    console.log(
      `NOT RUN: the official client cannot be installed here (it needs Python 3.10 or newer and a package index): ${reason}`,
    )
    return undefined
  }
}
