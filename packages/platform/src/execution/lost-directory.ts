import { existsSync } from 'node:fs'
import { AppError } from '@trainyard/contract'
import type { Execution } from './execution.ts'

/** Rethrows `error`, as one sentence when its cause is that somebody removed the data directory under running work. */
export function explainLostDirectory({ directory }: Pick<Execution, 'directory'>, error: unknown): never {
  if (existsSync(directory.runs)) throw error
  throw lostDirectory(directory.path, error)
}

/** SQLite goes on writing to files that nobody finds any more, without a word: whoever has recorded an end asks here. */
export function requireDirectory({ directory }: Pick<Execution, 'directory'>): void {
  if (!existsSync(directory.runs)) throw lostDirectory(directory.path)
}

const lostDirectory = (path: string, cause?: unknown): AppError =>
  new AppError(
    'storage',
    `The data directory ${path} was removed or unmounted while work was under way; what was not recorded by then is lost.`,
    { cause },
  )
