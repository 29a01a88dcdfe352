import { AppError, type RunRecord, type RunState } from '@trainyard/contract'
import { sql } from 'kysely'
import type { Clock } from '../base/clock.ts'
import type { Database, Reader } from '../database/index.ts'
import { noteChange, noteChanges } from './change-notes.ts'
import type { LogObjects } from './log-records.ts'
import { checkValue } from './record-names.ts'
import { claimRun, patchRun, transitionRun } from './run-change.ts'
import { refuseArchived } from './archived-project.ts'
import { addNewParameters, checkNewRun, createRun, putLabels } from './run-create.ts'
import { loadRuns } from './run-loading.ts'
import { findRunNumber, findRunNumbers, getRunNumber } from './run-number.ts'
import { addProblems } from './run-problems.ts'
import { resolveRun } from './run-resolve.ts'
import { countRuns, searchRuns } from './run-search.ts'
import { purgeRuns, restoreRuns, trashRuns } from './run-trash.ts'
import { loadWholeRuns } from './whole-runs.ts'
import { withdrawRun } from './run-withdrawal.ts'
import type { RunRecords } from './tracking.ts'

export function createRunRecords(database: Database, clock: Clock, logObjects?: Pick<LogObjects, 'urlOf'>): RunRecords {
  const createMany: RunRecords['createMany'] = async (runs) => {
    for (const run of runs) checkNewRun(run)
    await database.write(async (transaction) => {
      for (const run of runs) {
        if (run.parentId === undefined) await refuseArchived(transaction, run.project)
        await createRun(transaction, run, clock.nowMs(), { besideParent: true })
      }
    })
  }
  const findBy =
    <Run>(load: (reader: Reader, numbers: readonly number[]) => Promise<Run[]>) =>
    (id: string): Promise<Run | undefined> =>
      database.read(async (reader) => {
        const number = await findRunNumber(reader, id)
        return number === undefined ? undefined : (await load(reader, [number]))[0]
      })
  const find = findBy(loadRuns)

  return {
    create: (run) => createMany([run]),
    createMany,
    transition: (id, change) => database.write((transaction) => transitionRun(transaction, id, change, clock.nowMs())),
    update: (id, patch) =>
      database.write(async (transaction) => patchRun(transaction, await getRunNumber(transaction, id), patch, clock.nowMs())),
    explain: (reasons) =>
      database.write(async (transaction) => {
        const told: number[] = []
        for (const [id, reason] of reasons) {
          const run = await transaction.kysely
            .updateTable('runs')
            .set({ state_reason: reason })
            .where('id', '=', id)
            .where('state', '=', 'pending')
            .returning('number')
            .executeTakeFirst()
          if (run) told.push(run.number)
        }
        await noteChanges(transaction, 'run', told)
      }),
    claim: (id, change) => database.write((transaction) => claimRun(transaction, id, change)),
    setLabels: async (ids, labels) => {
      for (const [key, value] of Object.entries(labels)) checkValue('label', key, value)
      await database.write(async (transaction) => {
        const numbers: number[] = []
        for (const id of ids) {
          const number = await getRunNumber(transaction, id)
          await putLabels(transaction, number, labels)
          numbers.push(number)
        }
        await noteChanges(transaction, 'run', numbers)
      })
    },
    addParameters: async (id, parameters) => {
      for (const [key, value] of Object.entries(parameters)) checkValue('parameter', key, value)
      await database.write(async (transaction) => {
        const number = await getRunNumber(transaction, id)
        await addNewParameters(transaction, number, parameters)
        await noteChange(transaction, 'run', number)
      })
    },
    addProblem: (id, message) =>
      database.write(async (transaction) => addProblems(transaction, await getRunNumber(transaction, id), [message])),
    get: async (id) => {
      const run = await find(id)
      if (!run) throw new AppError('not_found', `There is no run ${id}.`, { details: { runId: id } })
      return run
    },
    find,
    findWhole: findBy(loadWholeRuns),
    getMany: (ids) => database.read((reader) => getMany(reader, ids)),
    resolve: (text, options) => database.read((reader) => resolveRun(reader, text, options)),
    search: (query) => searchRuns(database, query, loadRuns),
    searchWhole: (query) => searchRuns(database, query, loadWholeRuns),
    count: (query) => countRuns(database, query),
    childIds: (parentId) => database.read((reader) => loadChildIds(reader, parentId)),
    children: (parentId) => database.read((reader) => loadChildren(reader, parentId)),
    history: (id) => database.read((reader) => readHistory(reader, id)),
    unfinished: () => database.read(loadUnfinished),
    trash: (ids, atMs) => database.write((transaction) => trashRuns(transaction, ids, atMs)),
    restore: (ids) => database.write((transaction) => restoreRuns(transaction, ids)),
    withdraw: (id) => database.write((transaction) => withdrawRun(transaction, id, logObjects)),
    purge: (ids) => database.write((transaction) => purgeRuns(transaction, ids, logObjects)),
  }
}

/** In the order of `ids`; every one must exist. */
async function getMany(reader: Reader, ids: readonly string[]): Promise<RunRecord[]> {
  const numbers = await findRunNumbers(reader, ids)
  const missing = ids.find((id) => !numbers.has(id))
  if (missing !== undefined) throw new AppError('not_found', `There is no run ${missing}.`, { details: { runId: missing } })
  return await loadRuns(
    reader,
    ids.map((id) => numbers.get(id)!),
  )
}

async function loadChildIds(reader: Reader, parentId: string): Promise<string[]> {
  const rows = await reader.kysely
    .selectFrom('runs')
    .select('id')
    .where('parent', '=', await getRunNumber(reader, parentId))
    .orderBy('number')
    .execute()
  return rows.map(({ id }) => id)
}

async function loadChildren(reader: Reader, parentId: string): Promise<RunRecord[]> {
  const rows = await reader.kysely
    .selectFrom('runs')
    .select('number')
    .where('parent', '=', await getRunNumber(reader, parentId))
    .where('iteration', '>', 0)
    .orderBy('iteration')
    .execute()
  return await loadRuns(
    reader,
    rows.map((row) => row.number),
  )
}

async function readHistory(reader: Reader, id: string) {
  const rows = await reader.kysely
    .selectFrom('run_states')
    .select(['state', 'at', 'reason'])
    .where('run', '=', await getRunNumber(reader, id))
    .orderBy('ordinal')
    .execute()
  return rows.map(({ state, at, reason }) => ({ state: state as RunState, atMs: at, reason }))
}

async function loadUnfinished(reader: Reader): Promise<RunRecord[]> {
  // Spelled as in the index `runs_unfinished`: bound values would not be seen to fit it.
  const states = sql<boolean>`state in ('pending', 'running', 'aborting')`
  const rows = await reader.kysely.selectFrom('runs').select('number').where(states).orderBy('number').execute()
  return await loadRuns(
    reader,
    rows.map((row) => row.number),
  )
}
