import { spawn } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const program = join(root, 'packages', 'platform', 'bin', 'trainyard.js')

/** What somebody who follows a page has: an empty folder, a shell, the program, a Python with the package. */
export class Reader implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'trainyard-reader-'))
  readonly #tools = mkdtempSync(join(tmpdir(), 'trainyard-tools-'))
  readonly #environment: NodeJS.ProcessEnv

  constructor(python: string, environment: Readonly<Record<string, string>> = {}) {
    this.#tool('trainyard', `exec ${quoted(process.execPath)} ${quoted(program)} "$@"`)
    // A clone answers `npx trainyard`; the reader's folder is none.
    this.#tool('npx', `shift\nexec ${quoted(process.execPath)} ${quoted(program)} "$@"`)
    this.#tool('node', `exec ${quoted(process.execPath)} "$@"`)
    for (const name of ['python', 'python3']) this.#tool(name, `exec ${quoted(python)} "$@"`)
    this.#environment = {
      ...process.env,
      // As npx sets it: the pages type `npx trainyard`.
      npm_command: 'exec',
      NO_COLOR: '1',
      CI: '',
      LANG: 'C.UTF-8',
      TRAINYARD_HOME: undefined,
      TRAINYARD_DATABASE: undefined,
      TRAINYARD_PROJECT: undefined,
      TRAINYARD_CACHE: join(this.#tools, 'cache'),
      VIRTUAL_ENV: undefined,
      CONDA_PREFIX: undefined,
      PYTHONPATH: join(root, 'python'),
      PYTHONDONTWRITEBYTECODE: '1',
      PATH: `${this.#tools}${delimiter}${process.env['PATH'] ?? ''}`,
      ...environment,
    }
  }

  #tool(name: string, script: string): void {
    const path = join(this.#tools, name)
    writeFileSync(path, `#!/bin/sh\n${script}\n`)
    chmodSync(path, 0o755)
  }

  write(path: string, text: string): void {
    const absolute = join(this.folder, path)
    mkdirSync(dirname(absolute), { recursive: true })
    writeFileSync(absolute, text)
  }

  /** Runs commands in one shell with job control (`kill %1`) that stops at the first that fails. `printed` holds what went to both streams, in order. */
  run(commands: string): Promise<{ code: number | null; printed: string }> {
    const child = spawn('bash', ['-e', '-m', '-o', 'pipefail', '-c', `exec 2>&1\n${commands}`], {
      cwd: this.folder,
      env: this.#environment,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let printed = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text))
    return new Promise((resolve, reject) => {
      child.once('error', reject).once('close', (code) => resolve({ code, printed }))
    })
  }

  [Symbol.dispose](): void {
    for (const folder of [this.folder, this.#tools])
      rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
  }
}

const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`
