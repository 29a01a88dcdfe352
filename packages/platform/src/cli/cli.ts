import type { Readable } from 'node:stream'
import { readConfig, type CliConfig, type EnvironmentVariables } from './config.ts'
import { toJsonText } from './output/json.ts'
import { createStyle, type Style } from './output/style.ts'

/** What the program writes to: a terminal, a pipe, a file, or memory in tests. */
export type OutputStream = NodeJS.WritableStream & { isTTY?: boolean; columns?: number; destroyed?: boolean }

export interface MainOptions {
  stdin: Readable
  stdout: OutputStream
  stderr: OutputStream
  environment: EnvironmentVariables
  workingDirectory: string
  nowMs: () => number
}

/** Options that every command takes. */
export interface GlobalOptions {
  data?: string
  database?: string
  project?: string
  json: boolean
  quiet: boolean
  color?: boolean
}

/** What a command gets from its surroundings. One object per call of `main`; nothing of it is global. */
export interface Cli {
  /** What follows the program's name. */
  readonly argv: readonly string[]
  readonly stdin: Readable
  readonly stdout: OutputStream
  readonly stderr: OutputStream
  readonly config: CliConfig
  readonly workingDirectory: string
  readonly nowMs: () => number
  /** Aborted when the reader of stdout has gone away (`trainyard logs -f | head`). */
  readonly signal: AbortSignal
  readonly globals: GlobalOptions
  /** Colours for stdout and for stderr; plain where colours are off. */
  readonly style: Style
  readonly errorStyle: Style
  /** Columns of the terminal; undefined when stdout is no terminal, so that pipes get whole lines. */
  readonly width: number | undefined
  /** `--project`, else `TRAINYARD_PROJECT`. */
  readonly project: string | undefined
  /** Returned by `main` when the command ends without an error. */
  exitCode: number
  /** Writes to stdout, waiting while the reader is slow. Fails with `ReaderGone` when there is no reader any more. */
  write(chunk: string | Uint8Array): Promise<void>
  /** Waits until everything is written. Fails when stdout could not take it; that nobody reads any more is no failure. */
  flush(): Promise<void>
  /** `write` with a newline. */
  print(text: string): Promise<void>
  printJson(value: unknown): Promise<void>
  /** A line for people on stderr; silent with `--quiet`. */
  note(text: string): void
  /** A line on stderr that `--quiet` does not silence. */
  warn(text: string): void
}

/** Thrown by `write` once the reader of stdout has closed its end; `main` ends quietly on it. */
export class ReaderGone extends Error {
  override readonly name = 'ReaderGone'
}

const systemCode = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined

function colorOf(stream: OutputStream, config: CliConfig, flag: boolean | undefined): boolean {
  return flag ?? config.color ?? stream.isTTY === true
}

export function createCli(
  argv: readonly string[],
  options: Partial<MainOptions> = {},
): Cli & { setGlobals(globals: GlobalOptions): void; dispose(): void } {
  const stdout = options.stdout ?? process.stdout
  const stderr = options.stderr ?? process.stderr
  const config = readConfig(options.environment)
  const readerGone = new AbortController()
  let failure: unknown
  let globals: GlobalOptions = { json: false, quiet: false }
  let style = createStyle(colorOf(stdout, config, undefined))
  let errorStyle = createStyle(colorOf(stderr, config, undefined))

  const onStdoutError = (error: unknown) => {
    failure ??= systemCode(error) === 'EPIPE' || systemCode(error) === 'ERR_STREAM_DESTROYED' ? new ReaderGone() : error
    readerGone.abort(failure)
  }
  // Nobody can be told when stderr is gone; what the command does still counts.
  const onStderrError = () => {}
  stdout.on('error', onStdoutError)
  stderr.on('error', onStderrError)

  const write = async (chunk: string | Uint8Array): Promise<void> => {
    await throwFailure()
    if (stdout.write(chunk)) return
    await new Promise<void>((resolve) => {
      const done = () => {
        stdout.removeListener('drain', done)
        readerGone.signal.removeEventListener('abort', done)
        resolve()
      }
      stdout.once('drain', done)
      readerGone.signal.addEventListener('abort', done)
    })
    await throwFailure()
  }
  const throwFailure = async (): Promise<void> => {
    if (failure === undefined) return
    if (failure instanceof ReaderGone) throw failure
    const { storageError } = await import('../base/errors.ts')
    throw storageError('Cannot write to standard output', failure)
  }

  return {
    argv,
    stdin: options.stdin ?? process.stdin,
    stdout,
    stderr,
    config,
    workingDirectory: options.workingDirectory ?? process.cwd(),
    nowMs: options.nowMs ?? Date.now,
    signal: readerGone.signal,
    exitCode: 0,
    get globals() {
      return globals
    },
    get style() {
      return style
    },
    get errorStyle() {
      return errorStyle
    },
    get width() {
      // A pseudo-terminal nobody has given a size says 0.
      return stdout.isTTY === true ? stdout.columns || 80 : undefined
    },
    get project() {
      return globals.project ?? config.project
    },
    setGlobals(given) {
      globals = given
      style = createStyle(colorOf(stdout, config, given.color))
      errorStyle = createStyle(colorOf(stderr, config, given.color))
    },
    dispose() {
      stdout.removeListener('error', onStdoutError)
      stderr.removeListener('error', onStderrError)
    },
    write,
    async flush() {
      // A stream answers in order: this one comes after the error of any write before it.
      await new Promise<void>((resolve) => stdout.write('', () => resolve()))
      if (!(failure instanceof ReaderGone)) await throwFailure()
    },
    print: (text) => write(`${text}\n`),
    printJson: (value) => write(`${toJsonText(value)}\n`),
    note(text) {
      if (!globals.quiet) stderr.write(`${text}\n`)
    },
    warn(text) {
      stderr.write(`${errorStyle.yellow('warning:')} ${text}\n`)
    },
  }
}
