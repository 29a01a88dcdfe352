import {
  AppError,
  canTransition,
  type RunState,
  type RunStateChange,
  isEnded,
  runTransitions,
  type Supervisor,
} from '@trainyard/contract'
import type { Tables, Transaction } from '../database/index.ts'
import { noteChange } from './change-notes.ts'
import { checkName } from './record-names.ts'
import { toJson } from './run-create.ts'
import { settleArrivals } from './metric-arrivals.ts'
import { beginAttempt, forgetPoints } from './metric-ingest.ts'
import { getRunNumber } from './run-number.ts'
import type { RunPatch, RunRecords } from './tracking.ts'

type Transition = Parameters<RunRecords['transition']>[1]

/** Moves the run along the table of transitions, or refuses and changes nothing. */
export async function transitionRun(transaction: Transaction, id: string, change: Transition, nowMs: number): Promise<void> {
  const { kysely } = transaction
  const number = await getRunNumber(transaction, id)
  const run = await kysely
    .selectFrom('runs')
    .select(['state', 'created_at', 'started_at'])
    .where('number', '=', number)
    .executeTakeFirstOrThrow()
  const from = run.state as RunState
  checkTransition(id, from, change)
  const atMs = change.atMs ?? nowMs
  // A run that starts again forgets the end it had; one that ends never does so before it started.
  const started = change.to === 'running' ? atMs : change.to === 'pending' ? null : run.started_at
  const ended = isEnded(change.to) ? Math.max(atMs, run.started_at ?? run.created_at) : null
  await kysely
    .updateTable('runs')
    .set({ state: change.to, state_reason: change.reason ?? null, started_at: started, ended_at: ended, updated_at: atMs })
    .where('number', '=', number)
    .execute()
  await appendState(transaction, number, { state: change.to, atMs, reason: change.reason ?? null })
  if (change.anew) await forgetAttempt(transaction, number)
  await noteChange(transaction, 'run', number)
  if (change.patch) await patchRun(transaction, number, change.patch, atMs)
}

/** What an attempt logged that its repetition logs again. Parameters are the same, and artifacts have versions. */
export async function forgetAttempt(transaction: Transaction, run: number): Promise<void> {
  await settleArrivals(transaction)
  await forgetPoints(transaction, [run])
  await noteChange(transaction, 'metrics', run)
  for (const table of ['metric_series', 'results', 'journals', 'journal_requests'] as const)
    await transaction.kysely.deleteFrom(table).where('run', '=', run).execute()
}

function checkTransition(id: string, from: RunState, { to, from: expected }: Transition): void {
  const details = { runId: id, state: from }
  if (!Object.hasOwn(runTransitions, to)) throw new AppError('invalid_argument', `There is no run state '${to}'.`)
  if (expected && !expected.includes(from))
    throw new AppError('failed_precondition', `Run ${id} is ${from}, not ${expected.join(' or ')}.`, { details })
  if (!canTransition(from, to))
    throw new AppError('failed_precondition', `Run ${id} is ${from} and cannot become ${to}.`, { details })
}

async function appendState({ kysely }: Transaction, run: number, change: RunStateChange): Promise<void> {
  const { last } = await kysely
    .selectFrom('run_states')
    .select(({ fn }) => fn.max('ordinal').as('last'))
    .where('run', '=', run)
    .executeTakeFirstOrThrow()
  await kysely
    .insertInto('run_states')
    .values({ run, ordinal: (last ?? 0) + 1, state: change.state, at: change.atMs, reason: change.reason })
    .execute()
}

export async function patchRun(transaction: Transaction, number: number, patch: RunPatch, nowMs: number): Promise<void> {
  const { kysely } = transaction
  if (patch.name !== undefined) checkName('run name', patch.name)
  const documents: Partial<Tables['run_documents']> = {}
  for (const name of ['code', 'environment', 'exit', 'error', 'task', 'supervisor', 'sweep'] as const)
    if (patch[name] !== undefined) documents[name] = toJson(patch[name])
  if (patch.outPath !== undefined) documents.out_path = patch.outPath
  if (Object.keys(documents).length > 0)
    await kysely
      .updateTable('run_documents')
      .set(documents as object)
      .where('run', '=', number)
      .execute()
  if (patch.attempt !== undefined) {
    const { attempt } = await kysely.selectFrom('runs').select('attempt').where('number', '=', number).executeTakeFirstOrThrow()
    if (patch.attempt > attempt) {
      await settleArrivals(transaction)
      await beginAttempt(transaction, number)
    }
  }
  await kysely
    .updateTable('runs')
    .set({
      updated_at: nowMs,
      ...(patch.name === undefined ? {} : { name: patch.name }),
      ...(patch.host === undefined ? {} : { host: patch.host }),
      ...(patch.attempt === undefined ? {} : { attempt: patch.attempt }),
    })
    .where('number', '=', number)
    .execute()
  // Heartbeats are no news.
  if (Object.keys(patch).some((name) => name !== 'supervisor')) await noteChange(transaction, 'run', number)
}

/** Compare-and-set on who watches the run. */
export async function claimRun(
  transaction: Transaction,
  id: string,
  { expected, next }: { expected: Supervisor | null; next: Supervisor },
): Promise<boolean> {
  const number = await getRunNumber(transaction, id)
  const { supervisor } = await transaction.kysely
    .selectFrom('run_documents')
    .select('supervisor')
    .where('run', '=', number)
    .executeTakeFirstOrThrow()
  const current = supervisor === null ? null : (JSON.parse(supervisor) as Supervisor)
  if (!isSameProcess(current, expected)) return false
  await transaction.kysely
    .updateTable('run_documents')
    .set({ supervisor: JSON.stringify(next) })
    .where('run', '=', number)
    .execute()
  return true
}

const isSameProcess = (left: Supervisor | null, right: Supervisor | null): boolean => {
  if (left === null || right === null) return left === right
  return (
    left.host === right.host && left.bootId === right.bootId && left.pid === right.pid && left.startTicks === right.startTicks
  )
}
