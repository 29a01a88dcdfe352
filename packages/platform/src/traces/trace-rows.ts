import { AppError } from '@trainyard/contract'
import { boundValuesPerQuery, type Reader, type Transaction } from '../database/index.ts'

export const noTrace = (id: string): AppError =>
  new AppError('not_found', `There is no trace '${id.slice(0, 100)}'.`, { details: { record: 'trace', id } })

/** The integer key of a trace. */
export async function getTraceNumber(reader: Reader, id: string): Promise<number> {
  const row = await reader.kysely.selectFrom('traces').select('number').where('id', '=', id).executeTakeFirst()
  if (!row) throw noTrace(id)
  return row.number
}

/** Integer keys by id; unknown ones are missing. */
export async function traceNumbers({ kysely }: Reader, ids: readonly string[]): Promise<Map<string, number>> {
  const found = new Map<string, number>()
  for (let at = 0; at < ids.length; at += boundValuesPerQuery) {
    const part = ids.slice(at, at + boundValuesPerQuery)
    const rows = await kysely.selectFrom('traces').select(['id', 'number']).where('id', 'in', part).execute()
    for (const { id, number } of rows) found.set(id, number)
  }
  return found
}

/** The integer key of an experiment that takes new traces. */
export async function getExperimentNumber({ kysely }: Reader, id: string): Promise<number> {
  const missing = () =>
    new AppError('not_found', `There is no experiment ${id.slice(0, 100)}.`, { details: { record: 'experiment', id } })
  if (!/^\d{1,15}$/.test(id)) throw missing()
  const row = await kysely
    .selectFrom('experiments')
    .select(['number', 'trashed_at'])
    .where('number', '=', Number(id))
    .executeTakeFirst()
  if (!row) throw missing()
  if (row.trashed_at !== null)
    throw new AppError('failed_precondition', `The experiment ${id} is in the trash; restore it first.`, {
      details: { record: 'experiment', id },
    })
  return row.number
}

/** Adds or replaces the tags or metadata of a trace. */
export async function putTexts(
  transaction: Transaction,
  table: 'trace_tags' | 'trace_metadata',
  trace: number,
  texts: Readonly<Record<string, string>>,
): Promise<void> {
  const rows = Object.entries(texts).map(([key, value]) => [trace, key, value])
  await transaction.insertRows(table, ['trace', 'key', 'value'], rows, { onConflict: { replace: ['trace', 'key'] } })
}

/** Adds or replaces metadata of a trace. The run it says to be made in is known by it from then on. */
export async function putMetadata(
  transaction: Transaction,
  trace: number,
  metadata: Readonly<Record<string, string>>,
): Promise<void> {
  await putTexts(transaction, 'trace_metadata', trace, metadata)
  const runId = metadata['mlflow.sourceRun']
  if (runId === undefined) return
  const run = await transaction.kysely.selectFrom('runs').select('number').where('id', '=', runId).executeTakeFirst()
  if (run) await transaction.insertRows('trace_runs', ['trace', 'run'], [[trace, run.number]], { onConflict: 'ignore' })
}
