import { AppError } from '@trainyard/contract'
import type { Reader } from '../database/index.ts'

/** The integer key of a run's rows, or undefined when there is no such run. */
export async function findRunNumber(reader: Reader, runId: string): Promise<number | undefined> {
  const [row] = await reader.arrays(reader.kysely.selectFrom('runs').select('number').where('id', '=', runId))
  return row?.[0] as number | undefined
}

export async function getRunNumber(reader: Reader, runId: string): Promise<number> {
  const number = await findRunNumber(reader, runId)
  if (number === undefined) throw new AppError('not_found', `There is no run ${runId}.`, { details: { runId } })
  return number
}
