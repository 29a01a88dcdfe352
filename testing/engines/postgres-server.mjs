// A real PostgreSQL for tests: Debian's own programs, run by a user other than root (PostgreSQL refuses root) over a temporary
// folder, reached through a socket in that folder and a free loopback port. Nothing is written to disk for good: fsync is off.
//
//   node testing/engines/postgres-server.mjs           starts one, prints its address, and runs until Ctrl-C
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { asServerUser, freePort, startServerProcess } from './server-process.mjs'

const isRoot = process.getuid?.() === 0

/** The folder of PostgreSQL's programs, newest version first; Debian keeps them off the PATH. */
export function postgresPrograms() {
  const versions = '/usr/lib/postgresql'
  const debian = existsSync(versions)
    ? readdirSync(versions)
        .sort((left, right) => Number(right) - Number(left))
        .map((version) => join(versions, version, 'bin'))
    : []
  return [...debian, ...(process.env.PATH ?? '').split(delimiter)].find(
    (folder) => folder && existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres')),
  )
}

/** A user that may run the server in root's place. */
const otherUser = () => ['postgres', 'nobody'].find((name) => spawnSync('id', [name]).status === 0)

/** Undefined when the server can be started here; otherwise the reason why not. */
export function postgresProblem() {
  if (!postgresPrograms()) return 'PostgreSQL is not installed (Debian: apt-get install postgresql)'
  if (isRoot && (!otherUser() || spawnSync('setpriv', ['--version']).status !== 0))
    return 'PostgreSQL does not run as root, and there is no other user or no setpriv to run it'
  return undefined
}

const settings = {
  listen_addresses: '127.0.0.1',
  fsync: 'off',
  full_page_writes: 'off',
  max_connections: '300',
  shared_buffers: '64MB',
  max_wal_size: '4GB',
  autovacuum: 'off',
  logging_collector: 'off',
}

/**
 * Starts a server of its own. `url` names a superuser's empty database; `restart` ends it at once, as a crash would, and starts it
 * again on the same data.
 * @param {{ settings?: Record<string, string> }} [options]
 */
export async function startPostgresServer({ settings: own = {} } = {}) {
  const problem = postgresProblem()
  if (problem) throw new Error(problem)
  const programs = postgresPrograms()
  const user = isRoot ? otherUser() : undefined
  const folder = mkdtempSync(join(tmpdir(), 'trainyard-postgres-'))
  if (user) {
    chmodSync(folder, 0o755)
    spawnSync('chown', [user, folder])
  }
  const data = join(folder, 'data')
  const [first, ...prefix] = [...asServerUser(user), join(programs, 'initdb')]
  const made = spawnSync(
    first,
    [
      ...prefix,
      '-D',
      data,
      '-U',
      'postgres',
      '-A',
      'trust',
      '-E',
      'UTF8',
      '--locale',
      'C.UTF-8',
      '--no-sync',
      '--no-instructions',
    ],
    { encoding: 'utf8', cwd: folder },
  )
  if (made.status !== 0) {
    rmSync(folder, { recursive: true, force: true })
    throw new Error(`PostgreSQL's initdb failed: ${(made.stderr || String(made.error)).trim()}`)
  }
  const port = await freePort()
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`
  let stop = await startProcess()
  return {
    url,
    folder,
    async restart() {
      await stop('SIGQUIT')
      stop = await startProcess()
    },
    async stop() {
      await stop('SIGQUIT')
      rmSync(folder, { recursive: true, force: true })
    },
  }

  async function startProcess() {
    const given = Object.entries({ ...settings, unix_socket_directories: folder, ...own }).flatMap(([name, value]) => [
      '-c',
      `${name}=${value}`,
    ])
    const [command, ...rest] = [...asServerUser(user), join(programs, 'postgres'), '-D', data, '-p', String(port), ...given]
    const isReady = () => spawnSync(join(programs, 'pg_isready'), ['-h', '127.0.0.1', '-p', String(port), '-q']).status === 0
    try {
      return await startServerProcess([command, ...rest], { name: 'PostgreSQL', folder, answers: isReady })
    } catch (error) {
      rmSync(folder, { recursive: true, force: true })
      throw error
    }
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const server = await startPostgresServer()
  console.log(server.url)
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void server.stop().then(() => process.exit(0)))
}
