import { AppError } from '@trainyard/contract'
import { boundValuesPerQuery, type Reader } from '../database/index.ts'

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

/** The integer keys of those of the runs that exist. */
export async function findRunNumbers(reader: Reader, runIds: readonly string[]): Promise<Map<string, number>> {
  const numbers = new Map<string, number>()
  for (let at = 0; at < runIds.length; at += boundValuesPerQuery) {
    const part = runIds.slice(at, at + boundValuesPerQuery)
    const query = reader.kysely.selectFrom('runs').select(['id', 'number']).where('id', 'in', part)
    for (const [id, number] of await reader.arrays(query)) numbers.set(id as string, number as number)
  }
  return numbers
}

/** What is read for many runs by their integer keys, by their ids. */
export async function readByRunId<Value>(
  reader: Reader,
  runIds: readonly string[],
  read: (reader: Reader, numbers: readonly number[]) => Promise<Map<number, Value>>,
): Promise<Map<string, Value>> {
  const numbers = await findRunNumbers(reader, runIds)
  const values = await read(reader, [...numbers.values()])
  const found = new Map<string, Value>()
  for (const [id, number] of numbers) {
    const value = values.get(number)
    if (value !== undefined) found.set(id, value)
  }
  return found
}
