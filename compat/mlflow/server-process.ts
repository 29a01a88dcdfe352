import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { here } from './client-environment.ts'

export const program = join(here, '..', '..', 'packages', 'platform', 'bin', 'trainyard.js')

/** A server in a process of its own, as a user starts it. */
export class ServerProcess implements AsyncDisposable {
  readonly url: string
  readonly #child: ChildProcess

  private constructor(url: string, child: ChildProcess) {
    this.url = url
    this.#child = child
  }

  static async start(data: string, options: readonly string[] = []): Promise<ServerProcess> {
    const child = spawn(process.execPath, [program, 'up', '--data', data, '--port', '0', '--json', '--no-open', ...options], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let told = ''
    for await (const chunk of child.stdout) {
      told += String(chunk)
      if (told.includes('\n}')) break
    }
    return new ServerProcess((JSON.parse(told) as { url: string }).url, child)
  }

  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<number | null> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const ended = once(this.#child, 'exit')
      this.#child.kill(signal)
      await ended
    }
    return this.#child.exitCode
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }
}

/** Runs a command of ours and returns what it printed. */
export async function trainyard(...argv: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [program, ...argv], { maxBuffer: 64 * 1024 * 1024 })
  return stdout
}
