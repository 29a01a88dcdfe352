import { spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { AppError, type ErrorCode, newRunId, type Task } from '@trainyard/contract'
import type { Execution } from '../../execution/index.ts'
import { exitCodes } from '../exit-codes.ts'
import { recordedCommandLine } from './command-line.ts'

const pollMs = 20

export interface DetachOptions {
  argv: readonly string[]
  /** What the background process cannot get from its words: a task that came on standard input, secrets given by value. */
  task: Task | undefined
  signal: AbortSignal
}

/**
 * Starts the same command again in the background with an id of our choosing, and waits until its record is there, so that mistakes
 * are still told here. Resolves to the run's id.
 */
export async function startDetached(execution: Execution, options: DetachOptions): Promise<string> {
  const id = newRunId(execution.clock.nowMs())
  const messages = join(execution.directory.path, `detached-${id}.log`)
  const [command, ...first] = execution.programCommand
  const input =
    options.task === undefined ? 'ignore' : openNameless(join(execution.directory.path, `detached-${id}.json`), options.task)
  const output = openSync(messages, 'a', 0o600)
  const child = spawn(command ?? process.execPath, [...first, ...detachedArguments(options, id)], {
    cwd: execution.workingDirectory,
    env: { ...execution.environment },
    detached: true,
    stdio: [input, 'ignore', output],
  })
  let exitCode: number | null | undefined
  child.once('exit', (code) => {
    exitCode = code
  })
  try {
    while ((await execution.tracking.runs.find(id)) === undefined) {
      if (exitCode !== undefined) throw failedStart(readFileSync(messages, 'utf8'), exitCode)
      if (options.signal.aborted) {
        child.kill('SIGTERM')
        throw new AppError('aborted', 'The run was not started: interrupted.')
      }
      await delay(pollMs)
    }
  } finally {
    closeSync(output)
    if (input !== 'ignore') closeSync(input)
    // The file stays open in the background process; nobody needs its name any more.
    rmSync(messages, { force: true })
  }
  child.unref()
  return id
}

const handedOver = new Set(['--task', '-s', '--secret', '--notify', '--notify-when', '--notify-if', '--notify-message'])

/** Secrets and the task travel in the task that is handed over: a process list shows words. */
const isHandedOver = (word: string, before: string | undefined): boolean =>
  handedOver.has(word) ||
  handedOver.has(before ?? '') ||
  /^(?:--task=|--secret=|--notify(?:-when|-if|-message)?=|-s[^=-])/.test(word)

/** The words after `--` belong to the script. */
function detachedArguments({ argv, task }: DetachOptions, id: string): string[] {
  const end = argv.indexOf('--')
  const ours = end < 0 ? argv : argv.slice(0, end)
  const rest = end < 0 ? [] : argv.slice(end)
  const handed = task === undefined ? [] : ['--task', '-']
  const words = ours.filter((word, index) => word !== '--detach' && !(task !== undefined && isHandedOver(word, ours[index - 1])))
  return [...words, ...handed, '--quiet', '--run-id', id, '--typed', JSON.stringify(recordedCommandLine(argv)), ...rest]
}

/** A file to read the task from that nobody else can open: it may hold secrets. */
function openNameless(path: string, task: Task): number {
  writeFileSync(path, JSON.stringify(task), { mode: 0o600 })
  try {
    return openSync(path, 'r')
  } finally {
    rmSync(path)
  }
}

const codeOfExit: Record<number, ErrorCode> = {
  [exitCodes.notFound]: 'not_found',
  [exitCodes.refused]: 'failed_precondition',
  [exitCodes.storage]: 'storage',
  [exitCodes.defect]: 'internal',
}

/** The mistake as the background process told it. */
function failedStart(messages: string, exitCode: number | null): AppError {
  const told = /^error: (.*)$/m.exec(messages)?.[1] ?? messages.trim().split('\n', 1)[0]
  return new AppError(
    codeOfExit[exitCode ?? 0] ?? 'invalid_argument',
    told === undefined || told === '' ? 'The run did not start.' : told,
  )
}
