import type { RunRecord } from '@trainyard/contract'
import { boundValuesPerQuery, ensureProject, type Transaction } from '../database/index.ts'
import { noteChanges } from './change-notes.ts'
import { ensureExperiment } from './ensure-experiment.ts'
import { getRunNumber } from './run-number.ts'

/** See `ReportedRuns.move`. */
export async function moveRun(transaction: Transaction, runId: string, target: number, nowMs: number): Promise<boolean> {
  const { kysely } = transaction
  const run = await kysely
    .selectFrom('runs')
    .select(['number', 'kind', 'parent', 'project', 'experiment'])
    .where('number', '=', await getRunNumber(transaction, runId))
    .executeTakeFirstOrThrow()
  const place = await kysely
    .selectFrom('experiments')
    .select(['project', 'trashed_at'])
    .where('number', '=', target)
    .executeTakeFirst()
  if (place === undefined || place.project !== run.project || place.trashed_at !== null) return false
  if (run.experiment === target) return true
  const root = run.kind === 'iteration' && run.parent !== null ? run.parent : run.number
  const moved = new Set([root, run.number])
  for (let parents = [root]; parents.length > 0;) {
    const children = await kysely
      .selectFrom('runs')
      .select('number')
      .where('parent', 'in', parents.slice(0, boundValuesPerQuery))
      .where('experiment', '=', run.experiment)
      .execute()
    for (const { number } of children) moved.add(number)
    parents = [...parents.slice(boundValuesPerQuery), ...children.map(({ number }) => number)]
  }
  await setExperiment(transaction, [...moved], target, nowMs)
  return true
}

/** Into the experiment its own machine says, when it was moved there after it was first sent. */
export async function placeRun(
  transaction: Transaction,
  number: number,
  { project, experiment, updatedAtMs }: Pick<RunRecord, 'project' | 'experiment' | 'updatedAtMs'>,
): Promise<void> {
  const owner = await ensureProject(transaction, project, updatedAtMs)
  const target = await ensureExperiment(transaction, owner, experiment, updatedAtMs)
  const run = await transaction.kysely
    .selectFrom('runs')
    .select('experiment')
    .where('number', '=', number)
    .executeTakeFirstOrThrow()
  if (run.experiment !== target) await setExperiment(transaction, [number], target, updatedAtMs)
}

async function setExperiment(
  transaction: Transaction,
  runs: readonly number[],
  experiment: number,
  updated_at: number,
): Promise<void> {
  for (let at = 0; at < runs.length; at += boundValuesPerQuery)
    await transaction.kysely
      .updateTable('runs')
      .set({ experiment, updated_at })
      .where('number', 'in', runs.slice(at, at + boundValuesPerQuery))
      .execute()
  await noteChanges(transaction, 'run', runs)
}
