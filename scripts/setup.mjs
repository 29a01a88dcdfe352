// Brings a clone to where it can run: npm packages, a Node.js new enough, the bundled program, what tests need. Each step looks
// first, does nothing when nothing is missing, and says what it does. Works on Node.js 18 with no package installed.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { findPythons } from './pythons.mjs'
import { root, run, say, seconds } from './steps.mjs'

const lockfile = join(root, 'package-lock.json')
const stampPath = join(root, 'node_modules', '.trainyard-installed')

/** Changes whenever other packages are wanted; times of files say nothing after a checkout. */
function wantedPackages() {
  const hash = createHash('sha256')
  for (const name of [
    'package-lock.json',
    'package.json',
    ...['contract', 'sdk', 'platform', 'ui'].map((part) => join('packages', part, 'package.json')),
  ]) {
    hash.update(readFileSync(join(root, name)))
  }
  return hash.digest('hex')
}

/** Versions in a lockfile, without what depends on the machine that wrote it (addresses, other platforms' packages). */
function lockedVersions(text) {
  const { packages = {} } = JSON.parse(text)
  return Object.fromEntries(
    Object.entries(packages).flatMap(([path, { version, optional }]) => (version && !optional ? [[path, version]] : [])),
  )
}

/**
 * Installs npm packages when they are missing or others are wanted. `npm install`, not `npm ci`: lockfiles of registries that lack
 * some foreign platforms' packages are refused by the latter. The lockfile stays as it was committed; a difference in versions fails.
 */
export async function installPackages() {
  const wanted = wantedPackages()
  if (existsSync(stampPath) && readFileSync(stampPath, 'utf8') === wanted) return
  const startedMs = Date.now()
  say('set-up: installing npm packages (npm install), about 20 seconds the first time, a minute or more on a busy machine')
  const committed = readFileSync(lockfile, 'utf8')
  const npm = process.env.npm_execpath?.endsWith('.js') ? [process.execPath, process.env.npm_execpath] : ['npm']
  const { code, output } = await run(npm[0], [...npm.slice(1), 'install', '--no-audit', '--no-fund'])
  if (code !== 0) fail(`npm install failed:\n${output.trim()}`)
  const written = readFileSync(lockfile, 'utf8')
  if (written !== committed) {
    const [before, after] = [lockedVersions(committed), lockedVersions(written)]
    const different = Object.keys({ ...before, ...after }).filter((path) => before[path] !== after[path])
    if (different.length > 0) {
      fail(
        `package-lock.json does not fit the package.json files: ${different.slice(0, 5).join(', ')} would change. Commit the new package-lock.json.`,
      )
    }
    writeFileSync(lockfile, committed)
  }
  writeFileSync(stampPath, wanted)
  say(`set-up: npm packages installed in ${seconds(startedMs)}`)
}

const wantedMajor = 24

/** Goes on under the Node.js of node_modules when this one is older; does not return then. */
export function useBundledNode(scriptUrl) {
  if (Number(process.versions.node.split('.')[0]) >= wantedMajor) return
  const folder = join(root, 'node_modules', '.bin')
  const bundled = join(folder, 'node')
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (!existsSync(bundled)) {
    if (major > 22 || (major === 22 && minor >= 18)) return
    fail(`Trainyard needs Node.js 22.18 or newer; this is ${process.version}. Install a current one.`)
  }
  const env = { ...process.env, PATH: `${folder}${delimiter}${process.env.PATH ?? ''}` }
  const { status, signal } = spawnSync(bundled, [fileURLToPath(scriptUrl), ...process.argv.slice(2)], { stdio: 'inherit', env })
  if (signal) process.kill(process.pid, signal)
  process.exit(status ?? 1)
}

/** Bundles the program: a quarter of a second, and a few more for the dashboard when its sources changed. */
export async function buildProgram() {
  const { build } = await import('./build.mjs')
  await build()
}

/** The Python that `python3` means, at least 3.9. */
export async function requirePython() {
  const pythons = await findPythons()
  if (pythons.length === 0)
    fail('Python 3.9 or newer is needed and none was found on PATH. Install it, or name one in TRAINYARD_PYTHON.')
  return pythons
}

/** Programs that tests start, and the Debian package of each. */
const debianPackages = { git: 'git', setpriv: 'util-linux', mkfifo: 'coreutils', chromium: 'chromium' }

/** Installs missing Debian packages where that is possible without asking anybody. */
export async function installDebianPackages() {
  const isOnPath = (name) => (process.env.PATH ?? '').split(delimiter).some((folder) => folder && existsSync(join(folder, name)))
  const missing = Object.keys(debianPackages).filter((program) => !isOnPath(program))
  const packages = [...new Set(missing.map((program) => debianPackages[program]))]
  const { postgresPrograms } = await import('../testing/engines/postgres-server.mjs')
  if (!postgresPrograms()) packages.push('postgresql')
  const { mysqlProblem } = await import('../testing/engines/mysql-server.mjs')
  // Programs alone: nothing that starts a server of its own.
  if (mysqlProblem()) packages.push('mariadb-server-core', 'mariadb-client-core')
  if (packages.length === 0 || process.getuid?.() !== 0 || !isOnPath('apt-get')) return
  if (packages.includes('postgresql')) keepDebianFromStartingPostgres()
  say(`set-up: installing Debian packages: ${packages.join(' ')}`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const lock = ['-o', 'DPkg::Lock::Timeout=300', '-qq']
  await run('apt-get', [...lock, 'update'], { env })
  const { code, output } = await run('apt-get', [...lock, 'install', '-y', '--no-install-recommends', ...packages], { env })
  if (code !== 0) fail(`apt-get could not install ${packages.join(' ')}:\n${output.trim()}`)
}

/** The tests start a server of their own; Debian's package would make and start one of its own at once. */
function keepDebianFromStartingPostgres() {
  const file = '/etc/postgresql-common/createcluster.conf'
  if (existsSync(file)) return
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, 'create_main_cluster = false\n')
}

/** The environment with the packages that the Python tests use, from the product's own cache of environments. */
export async function prepareTestEnvironment(executable) {
  // Our sources import one another under this condition, which only takes effect when Node.js starts with it; the bundle has it built in.
  const environments = await import('../packages/platform/src/execution/environments/index.ts')
  const { python } = await environments.prepareEnvironment({
    requirements: await environments.fileRequirements(join(root, 'testing', 'requirements.txt')),
    interpreter: { executable },
    cacheDirectory: environments.environmentCacheDirectory(process.env),
    environment: process.env,
    onProgress: (line) => say(`set-up: ${line}`),
  })
  return python
}

/** Builds the S3 server of the tests when it is missing. Where there is no Go either, the tests say so and fail. */
export async function prepareEngines() {
  const { ensureS3Server, s3ServerProblem } = await import('../testing/engines/s3-server.mjs')
  if (!s3ServerProblem()) ensureS3Server((line) => say(`set-up: ${line}`))
}

/** What every script needs. */
export async function setUp(scriptUrl) {
  await installPackages()
  useBundledNode(scriptUrl)
  await buildProgram()
}

function fail(message) {
  console.error(`error: ${message}`)
  process.exit(1)
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await setUp(import.meta.url)
  say('set-up: everything is in place')
}
