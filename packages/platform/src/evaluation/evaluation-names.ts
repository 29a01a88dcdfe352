import { AppError } from '@trainyard/contract'
import type { Reader } from '../database/index.ts'

const longestName = 255
const longestTag = 5_000

export function checkName(what: string, name: string): void {
  if (name.trim() === '' || name.length > longestName || name.includes('\0') || !name.isWellFormed())
    throw new AppError('invalid_argument', `The ${what} has no usable name: it has 1 to ${longestName} characters.`)
}

export function checkTags(tags: Readonly<Record<string, string | null>>): void {
  for (const [key, value] of Object.entries(tags)) {
    checkName('tag', key)
    if (value !== null && (value.length > longestTag || value.includes('\0') || !value.isWellFormed()))
      throw new AppError('invalid_argument', `The tag '${key}' has more than ${longestTag} characters, or some that are no text.`)
  }
}

const noExperiment = (id: string): AppError =>
  new AppError('not_found', `There is no experiment ${id.slice(0, 100)}.`, { details: { record: 'experiment', id } })

/** The integer keys of experiments, which may lie in the trash. */
export async function experimentNumbers({ kysely }: Reader, ids: readonly string[]): Promise<number[]> {
  const numbers = [...new Set(ids)].map((id) => {
    if (!/^\d{1,15}$/.test(id)) throw noExperiment(id)
    return Number(id)
  })
  if (numbers.length === 0) return []
  const rows = await kysely.selectFrom('experiments').select('number').where('number', 'in', numbers).execute()
  const known = new Set(rows.map(({ number }) => number))
  for (const number of numbers) if (!known.has(number)) throw noExperiment(String(number))
  return numbers
}

/** The integer key of an experiment that takes new things. */
export async function activeExperiment(reader: Reader, id: string): Promise<number> {
  const [number] = await experimentNumbers(reader, [id])
  const row = await reader.kysely
    .selectFrom('experiments')
    .select('trashed_at')
    .where('number', '=', number!)
    .executeTakeFirstOrThrow()
  if (row.trashed_at !== null)
    throw new AppError('failed_precondition', `The experiment ${id} is in the trash; restore it first.`, {
      details: { record: 'experiment', id },
    })
  return number!
}
