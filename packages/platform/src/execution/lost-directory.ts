import { existsSync } from 'node:fs'
import { AppError } from '@trainyard/contract'
import type { Execution } from './execution.ts'

/** Rethrows `error`, as one sentence when its cause is that somebody removed the data directory under running work. */
export function explainLostDirectory({ directory }: Pick<Execution, 'directory'>, error: unknown): never {
  if (existsSync(directory.runs)) throw error
  throw new AppError(
    'storage',
    `The data directory ${directory.path} was removed or unmounted while work was under way; what was not recorded by then is lost.`,
    { cause: error },
  )
}
