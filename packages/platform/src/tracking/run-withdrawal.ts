import { isEnded, type RunState } from '@trainyard/contract'
import { boundValuesPerQuery, type Transaction } from '../database/index.ts'
import type { LogObjects } from './log-records.ts'
import { purgeRuns, trashRuns } from './run-trash.ts'

interface Withdrawn {
  number: number
  state: string
  project: number
  experiment: number
  createdAtMs: number
}

/** See `RunRecords.withdraw`. What it printed (the imports of its file may print) goes with it. */
export async function withdrawRun(
  transaction: Transaction,
  id: string,
  logObjects?: Pick<LogObjects, 'urlOf'>,
): Promise<boolean> {
  const { kysely } = transaction
  const columns = ['number', 'state', 'project', 'experiment', 'created_at as createdAtMs'] as const
  const run: Withdrawn | undefined = await kysely.selectFrom('runs').select(columns).where('id', '=', id).executeTakeFirst()
  if (run === undefined) return false
  const iterations = await kysely.selectFrom('runs').select(['number', 'state']).where('parent', '=', run.number).execute()
  const all = [run, ...iterations]
  if (!all.every(({ state }) => isEnded(state as RunState))) return false
  if (
    await hasLogged(
      transaction,
      all.map(({ number }) => number),
    )
  )
    return false
  await trashRuns(transaction, [id], run.createdAtMs)
  await purgeRuns(transaction, [id], logObjects)
  await forgetEmptyPlaces(transaction, run)
  return true
}

async function hasLogged({ kysely }: Transaction, runs: readonly number[]): Promise<boolean> {
  for (let at = 0; at < runs.length; at += boundValuesPerQuery) {
    const part = runs.slice(at, at + boundValuesPerQuery)
    const series = await kysely.selectFrom('metric_series').select('run').where('run', 'in', part).limit(1).executeTakeFirst()
    const artifact = await kysely.selectFrom('artifacts').select('run').where('run', 'in', part).limit(1).executeTakeFirst()
    if (series !== undefined || artifact !== undefined) return true
  }
  return false
}

/** An experiment or project that came with the run, and that nobody has put anything into since. */
async function forgetEmptyPlaces({ kysely }: Transaction, run: Withdrawn): Promise<void> {
  const other = await kysely
    .selectFrom('runs')
    .select('number')
    .where('experiment', '=', run.experiment)
    .limit(1)
    .executeTakeFirst()
  if (other !== undefined || run.experiment === 0) return
  await kysely
    .deleteFrom('experiments')
    .where('number', '=', run.experiment)
    .where('created_at', '>=', run.createdAtMs)
    .where(({ not, exists, selectFrom }) =>
      not(exists(selectFrom('experiment_tags').select('key').where('experiment', '=', run.experiment))),
    )
    .execute()
}
