import { AppError, isEnded } from '@trainyard/contract'
import type { Clock } from '../base/clock.ts'
import type { Database, Transaction } from '../database/index.ts'
import { noteChange } from './change-notes.ts'
import { putModelPoints } from './logged-model-points.ts'
import { addArrivals } from './metric-arrivals.ts'
import { groupPoints } from './metric-records.ts'
import { PointGroups } from './point-groups.ts'
import { findRuns, PointQueue, refusalOf } from './point-queue.ts'
import { endReportedBelow } from './reported-children.ts'
import { checkName, checkValue } from './record-names.ts'
import { refuseArchived } from './archived-project.ts'
import { addNewParameters, checkNewRun, createRun, putLabels } from './run-create.ts'
import { reporter, type ReportedStateChange, setReportedState } from './reported-state.ts'
import { findRunNumber, getRunNumber } from './run-number.ts'
import { moveRun } from './run-move.ts'
import type { ReportedBatch, ReportedRuns } from './tracking.ts'

export function createReportedRuns(database: Database, clock: Clock): ReportedRuns {
  const queue = new PointQueue(database)
  return {
    create: (run) =>
      database.write(async (transaction) => {
        const place = await openExperiment(transaction, run.experimentId)
        const { parentId, experimentId: _, ...rest } = run
        const knownParent = parentId !== undefined && (await findRunNumber(transaction, parentId)) !== undefined
        const supervisor = isEnded(run.state) ? undefined : reporter(clock.nowMs())
        const complete = {
          ...rest,
          ...place,
          ...(knownParent ? { parentId } : {}),
          ...(supervisor === undefined ? {} : { supervisor }),
        }
        checkNewRun(complete)
        if (complete.parentId === undefined) await refuseArchived(transaction, complete.project)
        await createRun(transaction, complete, clock.nowMs())
      }),
    log: async (runId, batch) => {
      const { points: given = [] } = batch
      const points = given instanceof PointGroups ? given.buffers : groupPoints(given)
      if (points.length > 0 && hasPointsOnly(batch)) return await queue.add(runId, points)
      for (const [key, value] of Object.entries(batch.parameters ?? {})) checkValue('parameter', key, value)
      for (const [key, value] of Object.entries(batch.labels ?? {})) checkValue('label', key, value)
      if (batch.name !== undefined) checkName('run name', batch.name)
      await database.write((transaction) => logBatch(transaction, runId, { ...batch, points }))
    },
    setState: async (runId, change) => {
      if (change.name !== undefined) checkName('run name', change.name)
      await database.write((transaction) => setState(transaction, runId, change, clock.nowMs()))
    },
    endBelow: (runId, end) => endReportedBelow(database, runId, end),
    move: (runId, experimentId) =>
      database.write((transaction) => moveRun(transaction, runId, Number(experimentId), clock.nowMs())),
    trash: (runId) => database.write((transaction) => setTrashed(transaction, runId, clock.nowMs())),
    restore: (runId) => database.write((transaction) => setTrashed(transaction, runId, null)),
  }
}

const hasPointsOnly = ({ parameters, labels, name, modelPoints = [] }: ReportedBatch): boolean =>
  isEmpty(parameters) && isEmpty(labels) && name === undefined && modelPoints.length === 0

const isEmpty = (values: object = {}): boolean => Object.keys(values).length === 0

async function openExperiment({ kysely }: Transaction, id: string): Promise<{ project: string; experiment: string }> {
  const found = await kysely
    .selectFrom('experiments as e')
    .innerJoin('projects as p', 'p.number', 'e.project')
    .select(['e.name as experiment', 'p.name as project', 'e.trashed_at'])
    .where('e.number', '=', Number(id))
    .executeTakeFirst()
  if (!found) throw new AppError('not_found', `There is no experiment ${id}.`)
  if (found.trashed_at !== null)
    throw new AppError('failed_precondition', `The experiment ${id} is in the trash; restore it first.`)
  return { project: found.project, experiment: found.experiment }
}

/** The key of a run that may be written to. */
async function openRun(transaction: Transaction, runId: string): Promise<number> {
  const run = (await findRuns(transaction, [runId])).get(runId)
  const refusal = refusalOf(runId, run)
  if (refusal) throw refusal
  return run![0] as number
}

async function logBatch(
  transaction: Transaction,
  runId: string,
  { points, parameters, labels, name, modelPoints }: Omit<ReportedBatch, 'points'> & { points: ReturnType<typeof groupPoints> },
): Promise<void> {
  const run = await openRun(transaction, runId)
  if (parameters && !isEmpty(parameters)) await addNewParameters(transaction, run, parameters)
  if (points.length > 0) await addArrivals(transaction, [{ run, points }])
  if (labels && !isEmpty(labels)) await putLabels(transaction, run, labels)
  if (name !== undefined) await transaction.kysely.updateTable('runs').set({ name }).where('number', '=', run).execute()
  if (modelPoints && modelPoints.length > 0) await putModelPoints(transaction, run, modelPoints)
  if (parameters !== undefined || labels !== undefined || name !== undefined) await noteChange(transaction, 'run', run)
}

async function setState(transaction: Transaction, runId: string, change: ReportedStateChange, nowMs: number): Promise<void> {
  const number = await openRun(transaction, runId)
  await noteChange(transaction, 'run', number)
  await setReportedState(transaction, number, change, nowMs)
}

async function setTrashed(transaction: Transaction, runId: string, trashed_at: number | null): Promise<void> {
  const { kysely } = transaction
  const changed = kysely.updateTable('runs').set({ trashed_at }).where('id', '=', runId)
  const state = trashed_at === null ? changed : changed.where('trashed_at', 'is', null)
  const { numUpdatedRows } = await state.executeTakeFirst()
  if (numUpdatedRows > 0n) return await noteChange(transaction, 'run', await getRunNumber(transaction, runId))
  const known = await kysely.selectFrom('runs').select('number').where('id', '=', runId).executeTakeFirst()
  if (!known) throw new AppError('not_found', `There is no run ${runId}.`, { details: { runId } })
}
