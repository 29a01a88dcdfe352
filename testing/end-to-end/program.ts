import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { RunRecord } from '@trainyard/contract'

/** What `trainyard` starts in this clone. */
export const program = fileURLToPath(new URL('../../packages/platform/bin/trainyard.js', import.meta.url))

export interface Finished {
  code: number | null
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
}

export interface Started {
  readonly pid: number
  readonly finished: Promise<Finished>
  kill(signal: NodeJS.Signals): void
}

/** A temporary project folder and the real program in it. */
export class Workshop implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'trainyard-test-'))
  readonly environment: Record<string, string | undefined>

  constructor(environment: Record<string, string | undefined> = {}) {
    this.environment = {
      ...process.env,
      NO_COLOR: '1',
      CI: '',
      TRAINYARD_HOME: undefined,
      npm_command: undefined,
      ...environment,
    }
  }

  write(path: string, text: string): string {
    const absolute = join(this.folder, path)
    mkdirSync(dirname(absolute), { recursive: true })
    writeFileSync(absolute, text)
    return absolute
  }

  start(arguments_: readonly string[], options: { input?: string; environment?: Record<string, string> } = {}): Started {
    const child = spawn(process.execPath, [program, ...arguments_], {
      cwd: this.folder,
      env: { ...this.environment, ...options.environment },
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    child.stdin.on('error', () => undefined)
    child.stdin.end(options.input ?? '')
    const output = { stdout: '', stderr: '' }
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text))
    const finished = new Promise<Finished>((resolve) => {
      child.once('close', (code, signal) => resolve({ code, signal, ...output }))
    })
    return { pid: child.pid ?? 0, finished, kill: (signal) => void child.kill(signal) }
  }

  run(...arguments_: string[]): Promise<Finished> {
    return this.start(arguments_).finished
  }

  /** Runs with `--json` and parses what it prints. */
  async json<T = RunRecord>(...arguments_: string[]): Promise<T> {
    const { code, stdout, stderr } = await this.run(...arguments_, '--json')
    try {
      return JSON.parse(stdout) as T
    } catch (error) {
      throw new Error(`trainyard ${arguments_.join(' ')} ended with ${code} and printed no JSON: ${stdout}${stderr}`, {
        cause: error,
      })
    }
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
  }
}

/** Waits until `look` gives something, for at most `timeoutMs`. */
export async function eventually<T>(look: () => T | undefined | Promise<T | undefined>, timeoutMs = 120_000): Promise<T> {
  for (const startedMs = Date.now(); Date.now() - startedMs < timeoutMs;) {
    const found = await look()
    if (found !== undefined) return found
    await new Promise((resolve) => setTimeout(resolve, 30))
  }
  throw new Error(`nothing within ${timeoutMs} ms`)
}
