import { AppError, isEnded, type RunState } from '@trainyard/contract'
import { boundValuesPerQuery, type Reader, type Transaction } from '../database/index.ts'
import { forgetArtifacts } from './artifact-change.ts'
import { noteChanges, noteRemovals } from './change-notes.ts'
import { type LogObjects, logObjectsOf } from './log-records.ts'
import { forgetPoints } from './metric-ingest.ts'

interface FoundRun {
  number: number
  id: string
  state: string
  project: string
  trashedAtMs: number | null
}

export async function trashRuns(transaction: Transaction, ids: readonly string[], atMs: number): Promise<void> {
  const runs = await withDescendants(transaction, await findRuns(transaction, ids))
  const busy = runs.find((run) => run.trashedAtMs === null && !isEnded(run.state as RunState) && run.state !== 'created')
  if (busy)
    throw new AppError('failed_precondition', `Run ${busy.id} is ${busy.state}; abort it before you remove it.`, {
      details: { runId: busy.id },
    })
  await setTrashed(
    transaction,
    runs.filter((run) => run.trashedAtMs === null),
    atMs,
  )
}

export async function restoreRuns(transaction: Transaction, ids: readonly string[]): Promise<void> {
  await setTrashed(transaction, await withDescendants(transaction, await findRuns(transaction, ids)), null)
}

/** Deletes for good. Returns the places of artifacts and of long output that no remaining record refers to. */
export async function purgeRuns(
  transaction: Transaction,
  ids: readonly string[],
  logObjects?: Pick<LogObjects, 'urlOf'>,
): Promise<{ targets: string[] }> {
  const { kysely } = transaction
  const runs = await withDescendants(transaction, await findRuns(transaction, ids))
  const live = runs.find((run) => run.trashedAtMs === null)
  if (live)
    throw new AppError('failed_precondition', `Run ${live.id} is not in the trash; only trashed runs are removed for good.`, {
      details: { runId: live.id },
    })
  const numbers = runs.map((run) => run.number)
  const targets = await forgetArtifacts(transaction, numbers)
  if (logObjects) for (const key of await logObjectsOf(transaction, numbers)) targets.push(logObjects.urlOf(key))
  await forgetPoints(transaction, numbers)
  await noteRemovals(transaction, runs)
  for (const part of parts(numbers)) await kysely.deleteFrom('runs').where('number', 'in', part).execute()
  return { targets }
}

async function setTrashed(transaction: Transaction, runs: readonly FoundRun[], trashed_at: number | null): Promise<void> {
  const numbers = runs.map((run) => run.number)
  await noteChanges(transaction, 'run', numbers)
  for (const part of parts(numbers))
    await transaction.kysely.updateTable('runs').set({ trashed_at }).where('number', 'in', part).execute()
}

async function findRuns(reader: Reader, ids: readonly string[]): Promise<FoundRun[]> {
  const found: FoundRun[] = []
  for (const part of parts([...new Set(ids)])) found.push(...(await selectRuns(reader).where('id', 'in', part).execute()))
  const known = new Set(found.map((run) => run.id))
  const missing = ids.find((id) => !known.has(id))
  if (missing !== undefined) throw new AppError('not_found', `There is no run ${missing}.`, { details: { runId: missing } })
  return found
}

async function withDescendants(reader: Reader, runs: readonly FoundRun[]): Promise<FoundRun[]> {
  const all = new Map(runs.map((run) => [run.number, run]))
  for (let generation = [...all.keys()]; generation.length > 0;) {
    const next: number[] = []
    for (const part of parts(generation)) {
      for (const child of await selectRuns(reader).where('parent', 'in', part).execute()) {
        if (!all.has(child.number)) next.push(child.number)
        all.set(child.number, child)
      }
    }
    generation = next
  }
  return [...all.values()]
}

const selectRuns = ({ kysely }: Reader) =>
  kysely
    .selectFrom('runs')
    .innerJoin('projects', 'projects.number', 'runs.project')
    .select(['runs.number', 'id', 'state', 'projects.name as project', 'trashed_at as trashedAtMs'])

function* parts<Value>(values: readonly Value[]): Generator<Value[]> {
  for (let at = 0; at < values.length; at += boundValuesPerQuery) yield values.slice(at, at + boundValuesPerQuery)
}
