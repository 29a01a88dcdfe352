import { spawn } from 'node:child_process'
import { openSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { AppError, newRunId } from '@trainyard/contract'
import type { Execution } from '../../execution/index.ts'

const pollMs = 20

/**
 * Starts the same command again in the background with an id of our choosing, and waits until its record is there, so that mistakes
 * are still told here. Resolves to the run's id.
 */
export async function startDetached(execution: Execution, argv: readonly string[]): Promise<string> {
  const id = newRunId(execution.clock.nowMs())
  const messages = join(execution.directory.path, `detached-${id}.log`)
  const [command, ...first] = execution.programCommand
  const descriptor = openSync(messages, 'a')
  const child = spawn(
    command ?? process.execPath,
    [...first, ...argv.filter((word) => word !== '--detach'), '--quiet', '--run-id', id],
    {
      cwd: execution.workingDirectory,
      env: { ...execution.environment },
      detached: true,
      stdio: ['ignore', 'ignore', descriptor],
    },
  )
  let exitCode: number | null | undefined
  child.once('exit', (code) => {
    exitCode = code
  })
  try {
    while ((await execution.tracking.runs.find(id)) === undefined) {
      if (exitCode !== undefined) {
        const told = readFileSync(messages, 'utf8')
          .replace(/^error: /m, '')
          .trim()
          .split('\n', 1)[0]
        throw new AppError('invalid_argument', told === undefined || told === '' ? 'The run did not start.' : told)
      }
      await delay(pollMs)
    }
  } finally {
    // The file stays open in the background process; nobody needs its name any more.
    rmSync(messages, { force: true })
  }
  child.unref()
  return id
}
