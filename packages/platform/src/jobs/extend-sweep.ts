import { setTimeout as delay } from 'node:timers/promises'
import { AppError, isEnded, type RunRecord } from '@trainyard/contract'
import type { Database } from '../database/index.ts'
import type { Execution } from '../execution/index.ts'
import { transitionRun } from '../tracking/index.ts'
import { extendedSweep } from '../tuning/index.ts'
import { findJobRow, type JobRow, newJobRow, planOf, toJob } from './job-rows.ts'
import type { JobPlan, JobRecord } from './jobs.ts'
import { queueSupervisor } from './queue-supervisor.ts'

/** What the sweep was started with, by a server or on a command line of this machine, and that it goes on. */
function planToGoOn(record: RunRecord, row: JobRow | undefined): JobPlan {
  const { task, code, environment } = record
  if (task === null || (row === undefined && code === null))
    throw new AppError('failed_precondition', `${record.name} was not started by Trainyard, so there is nothing to go on with.`)
  if (task.secrets?.some(({ kind }) => kind === 'inline'))
    throw new AppError(
      'failed_precondition',
      `${record.name} was given secrets by value, and values are not kept: extend it with \`trainyard resume ${record.id.slice(0, 12)} --max-iterations … -s …\`.`,
    )
  if (row !== undefined) return { ...planOf(row), keepsOutPath: true, goesOn: true }
  const python = environment?.interpreter?.['executable']
  return {
    task,
    commandLine: code!.commandLine,
    workingDirectory: code!.workingDirectory,
    ...(typeof python === 'string' && task.requirements === undefined ? { python } : {}),
    keepsOutPath: true,
    goesOn: true,
  }
}

/** A sweep that has ended becomes a job again, with room for more iterations. */
export async function extendSweep(
  { database, execution }: { database: Database; execution: Execution },
  runId: string,
  maxIterations: number,
): Promise<JobRecord> {
  const { runs } = execution.tracking
  const record = await runs.get(runId)
  if (!isEnded(record.state))
    throw new AppError('failed_precondition', `${record.name} is ${record.state}: it can be extended when it has ended.`)
  const earlier = await letGoOf(database, runId)
  const sweep = await extendedSweep(record, { maxIterations, existing: await runs.children(runId) })
  const plan = planToGoOn(record, earlier)
  const nowMs = execution.clock.nowMs()
  const row = newJobRow({ ...plan, task: { ...plan.task, sweep } }, { run: runId, project: record.project, nowMs })
  row.host = earlier?.host ?? null
  const change = {
    to: 'pending' as const,
    from: [record.state],
    reason: `extended to ${maxIterations} iterations`,
    atMs: nowMs,
    patch: { supervisor: queueSupervisor(nowMs), exit: null, error: null, task: { ...record.task!, sweep } },
  }
  const number = await database.write(async (transaction) => {
    // With its job or not at all: one without would wait for ever.
    await transitionRun(transaction, runId, change, nowMs)
    const { kysely } = transaction
    if (earlier !== undefined) {
      await kysely.updateTable('jobs').set(row).where('number', '=', earlier.number).execute()
      return earlier.number
    }
    return (await kysely.insertInto('jobs').values(row).returning('number').executeTakeFirstOrThrow()).number
  })
  return toJob({ ...row, number })
}

const lookEveryMs = 50
const mostLooks = 200

/** The sweep's job, where it was one: a server closes it a moment after its run has ended, and may not close the next one by mistake. */
async function letGoOf(database: Database, runId: string): Promise<JobRow | undefined> {
  for (let looks = 0; looks < mostLooks; looks++) {
    const row = await database.read((reader) => findJobRow(reader, runId))
    if (row === undefined || row.state === 'ended') return row
    await delay(lookEveryMs)
  }
  throw new AppError('failed_precondition', 'The server that ran the sweep has not let go of it yet: ask again in a moment.')
}
