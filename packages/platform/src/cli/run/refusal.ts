import { AppError, type RunRecord } from '@trainyard/contract'
import { exitCodes } from '../exit-codes.ts'
import type { Session } from '../session.ts'
import { exitCodeOfRun, sentenceOf } from './outcome.ts'

/**
 * A request that turned out to be mistaken only when the file was looked at (no such handler or parameter, a value that does not
 * fit, a syntax error) leaves nothing behind, as one that was refused at once: the record is taken back and the sentence thrown.
 * A run that somebody was told the id of keeps its record.
 */
export async function refuse(session: Session, run: RunRecord, options: { isKnown: boolean }): Promise<void> {
  const isMistake = exitCodeOfRun(run) === exitCodes.badInput && run.attempt === 1
  if (!isMistake || options.isKnown || !(await session.tracking.runs.withdraw(run.id))) return
  throw new AppError('invalid_argument', sentenceOf(run), { details: { type: run.error?.type } })
}
