import { createInterface } from 'node:readline/promises'
import { AppError } from '@trainyard/contract'
import type { Cli } from './cli.ts'

/**
 * Asks before something is removed. With `yes` it does not ask; where nobody can answer (no terminal) it fails with
 * `failed_precondition` and names `--yes`.
 */
export async function confirm(cli: Cli, question: string, options: { yes: boolean }): Promise<boolean> {
  if (options.yes) return true
  const canAsk = 'isTTY' in cli.stdin && cli.stdin.isTTY === true && cli.stderr.isTTY === true
  if (!canAsk)
    throw new AppError(
      'failed_precondition',
      `${question} Nothing was done: add --yes to do it, or --dry-run to see what it would do.`,
    )
  const lines = createInterface({ input: cli.stdin, output: cli.stderr })
  try {
    const answer = await lines.question(`${question} [y/N] `)
    return /^y(es)?$/i.test(answer.trim())
  } finally {
    lines.close()
  }
}
