import { spawn } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { AppError, type ErrorCode } from '@trainyard/contract/errors'

export interface CommandPlace {
  /** `--data`. */
  dataDirectory?: string
  workingDirectory?: string
}

export interface CommandOptions extends CommandPlace {
  stdin?: string
  /** Gets what the command prints on standard error (the run's output and progress) while it comes. */
  onStderr?: (bytes: Buffer) => void
  onStdout?: (bytes: Buffer) => void
  /** Stops the command politely, as Ctrl-C does. */
  signal?: AbortSignal
}

export interface CommandResult {
  code: number
  stdout: string
  stderr: string
}

/** The command as words: `TRAINYARD_CLI` (a JSON list, or one path), else `trainyard` on PATH, else `npx trainyard`. */
export function commandWords(environment: NodeJS.ProcessEnv = process.env): [string, ...string[]] {
  const chosen = environment['TRAINYARD_CLI']?.trim()
  if (chosen?.startsWith('[')) return parseWords(chosen)
  if (chosen) return [chosen]
  const onPath = (environment['PATH'] ?? '')
    .split(delimiter)
    .some((folder) => folder !== '' && isExecutable(join(folder, 'trainyard')))
  return onPath ? ['trainyard'] : ['npx', 'trainyard']
}

function parseWords(text: string): [string, ...string[]] {
  try {
    const words = JSON.parse(text) as unknown
    if (Array.isArray(words) && words.length > 0 && words.every((word) => typeof word === 'string'))
      return words as [string, ...string[]]
  } catch {
    // Told below, as a list that is not one of words is.
  }
  throw new AppError(
    'invalid_argument',
    'TRAINYARD_CLI must be a JSON list of words, such as ["npx","trainyard"], or the path of the program.',
  )
}

const isExecutable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

const keptErrorBytes = 64 * 1024

/** Runs the command to its end. Fails with `failed_precondition` when it cannot be started. */
export async function callCommand(words: readonly string[], options: CommandOptions): Promise<CommandResult> {
  const [program, ...first] = commandWords()
  const all = [...first, ...words, ...(options.dataDirectory === undefined ? [] : ['--data', options.dataDirectory])]
  const child = spawn(program, all, { cwd: options.workingDirectory, stdio: ['pipe', 'pipe', 'pipe'] })
  const stop = (): void => void child.kill('SIGINT')
  options.signal?.addEventListener('abort', stop, { once: true })
  const stdout: Buffer[] = []
  let stderr = Buffer.alloc(0)
  child.stdout.on('data', (bytes: Buffer) => (options.onStdout ? options.onStdout(bytes) : stdout.push(bytes)))
  child.stderr.on('data', (bytes: Buffer) => {
    options.onStderr?.(bytes)
    stderr = Buffer.concat([stderr, bytes]).subarray(-keptErrorBytes)
  })
  // A command that refuses before it has read everything closes its end; its exit code tells.
  child.stdin.on('error', () => undefined)
  child.stdin.end(options.stdin ?? '')
  try {
    const code = await new Promise<number>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (exitCode, signal) => resolve(exitCode ?? (signal === 'SIGINT' ? 130 : 70)))
    })
    return { code, stdout: Buffer.concat(stdout).toString('utf8'), stderr: stderr.toString('utf8') }
  } catch (error) {
    throw new AppError(
      'failed_precondition',
      `Cannot start ${program}: ${(error as Error).message}. Install trainyard or set TRAINYARD_CLI.`,
      { cause: error },
    )
  } finally {
    options.signal?.removeEventListener('abort', stop)
  }
}

const codeOfExit: Record<number, ErrorCode> = {
  2: 'invalid_argument',
  3: 'not_found',
  4: 'failed_precondition',
  5: 'storage',
  130: 'aborted',
}

/** The error a command told on standard error, as one of ours. */
export function commandError({ code, stderr }: CommandResult): AppError {
  const lines = stripVTControlCharacters(stderr)
    .split('\n')
    .map((line) => line.trim())
  const told = lines.findLast((line) => /^(internal )?error:/.test(line)) ?? lines.findLast((line) => line !== '')
  const sentence = told?.replace(/^(internal )?error:\s*/, '') || `trainyard ended with exit code ${code}.`
  return new AppError(codeOfExit[code] ?? 'internal', sentence, { details: { exitCode: code } })
}

/** The JSON of a command's standard output. */
export async function callForJson(words: readonly string[], place: CommandPlace): Promise<unknown> {
  const result = await callCommand([...words, '--json'], place)
  if (result.code !== 0) throw commandError(result)
  return JSON.parse(result.stdout) as unknown
}
