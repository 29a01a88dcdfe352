// What the servers of tests have in common: where they listen, as whom they run, and that they end with their starter.
import { spawn, spawnSync } from 'node:child_process'
import { createServer } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

const patienceMs = 60_000

export const freePort = () =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })

/** Words to put before a command: as that user, and the process goes when its starter is killed. */
export function asServerUser(user) {
  const guard = ['--pdeathsig', 'KILL']
  if (user) return ['setpriv', '--reuid', user, '--regid', user, '--clear-groups', ...guard]
  return spawnSync('setpriv', ['--version']).status === 0 ? ['setpriv', ...guard] : []
}

/**
 * Starts a server and waits until it answers. Returns how it is ended, with a signal; `name` stands in the error when it does not start.
 * @param {string[]} words
 * @param {{ name: string, folder: string, answers: () => boolean | Promise<boolean> }} options
 */
export async function startServerProcess([command, ...rest], { name, folder, answers }) {
  const server = spawn(command, rest, { stdio: ['ignore', 'ignore', 'pipe'], cwd: folder })
  let complaint = ''
  server.stderr.setEncoding('utf8').on('data', (text) => {
    complaint = (complaint + text).slice(-4000)
  })
  const exited = new Promise((resolve) => server.once('exit', resolve))
  const deadlineMs = Date.now() + patienceMs
  while (server.exitCode === null && Date.now() < deadlineMs) {
    if (await answers()) {
      return async (signal) => {
        server.kill(signal)
        await exited
      }
    }
    await delay(30)
  }
  server.kill('SIGKILL')
  await exited
  throw new Error(`the ${name} test server did not start: ${complaint.trim() || 'no answer within 60 s'}`)
}
