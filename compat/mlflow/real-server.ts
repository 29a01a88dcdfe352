import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'

const patienceMs = 120_000

/** The MLflow server that comes with the client, over SQLite in a folder: what ours is compared with. */
export class RealServer implements AsyncDisposable {
  readonly url: string
  readonly #child: ChildProcess

  private constructor(url: string, child: ChildProcess) {
    this.url = url
    this.#child = child
  }

  /** Over a database of its own in the folder, unless one is named. */
  static async start(python: string, folder: string, database = `sqlite:///${join(folder, 'mlflow.db')}`): Promise<RealServer> {
    const port = await freePort()
    const url = `http://127.0.0.1:${port}`
    const store = ['--backend-store-uri', database, '--default-artifact-root', join(folder, 'mlruns')]
    const child = spawn(
      python,
      ['-m', 'mlflow', 'server', '--host', '127.0.0.1', '--port', String(port), '--workers', '1', ...store],
      {
        stdio: 'ignore',
        // Its workers are ended with it.
        detached: true,
        env: {
          ...process.env,
          PATH: `${dirname(python)}:${process.env['PATH'] ?? ''}`,
          MLFLOW_SERVER_ENABLE_JOB_EXECUTION: 'false',
          MLFLOW_DISABLE_TELEMETRY: 'true',
        },
      },
    )
    const server = new RealServer(url, child)
    for (const until = performance.now() + patienceMs; performance.now() < until;) {
      const health = await fetch(`${url}/health`).catch(() => undefined)
      if (health?.ok) return server
      if (child.exitCode !== null) break
      await new Promise((resolve) => setTimeout(resolve, 300))
    }
    await server[Symbol.asyncDispose]()
    throw new Error('The MLflow server did not start.')
  }

  /** The server and its workers. */
  processIds(): number[] {
    const group = String(this.#child.pid)
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .filter((pid) => groupOf(pid) === group)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null) return
    const ended = once(this.#child, 'exit')
    process.kill(-this.#child.pid!, 'SIGTERM')
    await ended
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  if (address === null || typeof address === 'string') throw new Error('There is no free port.')
  return address.port
}

function groupOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2]
  } catch {
    // It ended meanwhile.
    return undefined
  }
}
