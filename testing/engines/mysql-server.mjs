// A real server of MySQL's kind for tests: Debian's MariaDB over a temporary folder, on a free loopback port.
//
//   node testing/engines/mysql-server.mjs           starts one, prints its address, and runs until Ctrl-C
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { asServerUser, freePort, startServerProcess } from './server-process.mjs'

/** Debian keeps servers off the PATH of users. */
const programNamed = (name) =>
  ['/usr/sbin', '/usr/bin', ...(process.env.PATH ?? '').split(delimiter)]
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path))

/** Undefined when the server can be started here; otherwise the reason why not. */
export const mysqlProblem = () =>
  programNamed('mariadbd') && programNamed('mariadb-install-db')
    ? undefined
    : 'MariaDB is not installed (Debian: apt-get install mariadb-server-core mariadb-client-core)'

/** Starts a server of its own. `url` names an empty database and a user with a password who owns it. */
export async function startMysqlServer() {
  const problem = mysqlProblem()
  if (problem) throw new Error(problem)
  const folder = mkdtempSync(join(tmpdir(), 'trainyard-mysql-'))
  const data = join(folder, 'data')
  // It runs as root only when it is told to.
  const asRoot = process.getuid?.() === 0 ? ['--user=root'] : []
  const made = spawnSync(
    programNamed('mariadb-install-db'),
    ['--no-defaults', `--datadir=${data}`, '--auth-root-authentication-method=normal', '--skip-test-db', ...asRoot],
    { encoding: 'utf8', cwd: folder },
  )
  if (made.status !== 0) {
    rmSync(folder, { recursive: true, force: true })
    throw new Error(`MariaDB's installer failed: ${(made.stderr || made.stdout || String(made.error)).trim().slice(-2000)}`)
  }
  const first = join(folder, 'first.sql')
  const statements = [
    'CREATE DATABASE mlflow CHARACTER SET utf8mb4',
    "CREATE USER 'mlflow'@'%' IDENTIFIED BY 'secret'",
    "GRANT ALL ON mlflow.* TO 'mlflow'@'%'",
  ]
  writeFileSync(first, `${statements.join(';\n')};\n`)
  const port = await freePort()
  const settings = [
    `--datadir=${data}`,
    `--socket=${join(folder, 'socket')}`,
    `--pid-file=${join(folder, 'pid')}`,
    `--port=${port}`,
    '--bind-address=127.0.0.1',
    '--skip-name-resolve',
    '--innodb-flush-log-at-trx-commit=0',
    `--init-file=${first}`,
  ]
  try {
    const stop = await startServerProcess(
      [...asServerUser(), programNamed('mariadbd'), '--no-defaults', ...asRoot, ...settings],
      {
        name: 'MariaDB',
        folder,
        answers: () => isGreeted(port),
      },
    )
    return {
      url: `mysql://mlflow:secret@127.0.0.1:${port}/mlflow`,
      async stop() {
        await stop('SIGKILL')
        rmSync(folder, { recursive: true, force: true })
      },
    }
  } catch (error) {
    rmSync(folder, { recursive: true, force: true })
    throw error
  }
}

/** Whether a server speaks first, as MySQL's do once they take connections. */
const isGreeted = (port) =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('data', () => {
      resolve(true)
      socket.destroy()
    })
    socket.once('error', () => resolve(false))
    socket.once('close', () => resolve(false))
    socket.setTimeout(1_000, () => socket.destroy())
  })

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const server = await startMysqlServer()
  console.log(server.url)
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void server.stop().then(() => process.exit(0)))
}
