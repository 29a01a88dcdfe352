import { AppError, isEnded, type JsonValue } from '@trainyard/contract'
import { ensureProject, type Transaction } from '../database/index.ts'
import { noteChange } from './change-notes.ts'
import { ensureExperiment } from './ensure-experiment.ts'
import { checkName, checkRunId, checkValue } from './record-names.ts'
import { findRunNumber, getRunNumber } from './run-number.ts'
import { canonicalJson, indexedText, spelledNumber } from './stored-value.ts'
import type { NewRun } from './tracking.ts'

/** Everything that can be refused without looking into the database. */
export function checkNewRun(run: NewRun): void {
  checkRunId(run.id)
  checkName('run name', run.name)
  checkName('project name', run.project)
  checkName('experiment name', run.experiment)
  for (const [key, value] of Object.entries(run.parameters ?? {})) checkValue('parameter', key, value)
  for (const [key, value] of Object.entries(run.labels ?? {})) checkValue('label', key, value)
  const iteration = run.iteration ?? 0
  if (!Number.isSafeInteger(iteration) || iteration < 0)
    throw new AppError('invalid_argument', `The iteration of a run is 0, 1, 2, …, not ${iteration}.`)
  if (run.kind === 'iteration' && (iteration < 1 || run.parentId === undefined))
    throw new AppError('invalid_argument', 'An iteration needs the id of its parent and a number from 1 on.')
  if (run.kind !== 'iteration' && iteration > 0)
    throw new AppError(
      'invalid_argument',
      `Only a run of the kind 'iteration' has an iteration number, not one of the kind '${run.kind}'.`,
    )
}

/**
 * Stores a checked run with its first state. Returns its integer key. With `besideParent` an iteration lies in the experiment of its
 * parent, which may have moved since it was planned; else where it says.
 */
export async function createRun(
  transaction: Transaction,
  run: NewRun,
  nowMs: number,
  { besideParent = false }: { besideParent?: boolean } = {},
): Promise<number> {
  if ((await findRunNumber(transaction, run.id)) !== undefined)
    throw new AppError('already_exists', `There is a run ${run.id} already.`, { details: { runId: run.id } })
  const { kysely } = transaction
  const project = await ensureProject(transaction, run.project, nowMs)
  const parent = run.parentId === undefined ? null : await getRunNumber(transaction, run.parentId)
  const experiment =
    besideParent && run.kind === 'iteration' && parent !== null
      ? await experimentOf(transaction, parent)
      : await ensureExperiment(transaction, project, run.experiment, nowMs)
  if (run.kind === 'iteration') await checkIterationIsFree(transaction, run, parent)
  const createdAtMs = run.createdAtMs ?? nowMs
  const { number } = await kysely
    .insertInto('runs')
    .values({
      id: run.id,
      project,
      experiment,
      name: run.name,
      kind: run.kind,
      parent,
      iteration: run.iteration ?? 0,
      state: run.state,
      state_reason: run.reason ?? null,
      created_at: createdAtMs,
      started_at: run.state === 'running' ? createdAtMs : null,
      ended_at: isEnded(run.state) ? createdAtMs : null,
      updated_at: createdAtMs,
      trashed_at: null,
      owner: run.owner,
      host: run.host,
      attempt: run.attempt ?? 1,
    })
    .returning('number')
    .executeTakeFirstOrThrow()
  // Asked for at once: a database behind a socket gets them in one go.
  const document = kysely.insertInto('run_documents').values({
    run: number,
    out_path: run.outPath,
    code: toJson(run.code),
    task: toJson(run.task),
    supervisor: toJson(run.supervisor),
    environment: null,
    exit: null,
    error: null,
    sweep: null,
  })
  const state = kysely
    .insertInto('run_states')
    .values({ run: number, ordinal: 1, state: run.state, at: createdAtMs, reason: run.reason ?? null })
  await Promise.all([
    document.execute(),
    state.execute(),
    insertParameters(transaction, number, run.parameters ?? {}),
    putLabels(transaction, number, run.labels ?? {}),
    noteChange(transaction, 'run', number),
  ])
  return number
}

const experimentOf = async ({ kysely }: Transaction, run: number): Promise<number> =>
  (await kysely.selectFrom('runs').select('experiment').where('number', '=', run).executeTakeFirstOrThrow()).experiment

export const toJson = (value: object | null | undefined): string | null =>
  value === undefined || value === null ? null : JSON.stringify(value)

async function checkIterationIsFree({ kysely }: Transaction, run: NewRun, parent: number | null): Promise<void> {
  const taken = await kysely
    .selectFrom('runs')
    .select('id')
    .where('parent', '=', parent)
    .where('iteration', '=', run.iteration ?? 0)
    .executeTakeFirst()
  if (taken)
    throw new AppError('already_exists', `Run ${run.parentId} has an iteration ${run.iteration} already (${taken.id}).`, {
      details: { runId: taken.id },
    })
}

const parameterColumns = ['run', 'key', 'number', 'text', 'value']

const insertParameters = (transaction: Transaction, run: number, parameters: Record<string, JsonValue>): Promise<void> =>
  transaction.insertRows(
    'parameters',
    parameterColumns,
    Object.entries(parameters).map(([key, value]) => [run, key, spelledNumber(value), indexedText(value), JSON.stringify(value)]),
  )

/** Parameters never change: a known key with an equal value is passed over, with another one it is refused. */
export async function addNewParameters(
  transaction: Transaction,
  run: number,
  parameters: Record<string, JsonValue>,
): Promise<void> {
  const stored = await transaction.kysely.selectFrom('parameters').select(['key', 'value']).where('run', '=', run).execute()
  const known = new Map(stored.map(({ key, value }) => [key, JSON.parse(value) as JsonValue]))
  const added: Record<string, JsonValue> = Object.create(null) as Record<string, JsonValue>
  for (const [key, value] of Object.entries(parameters)) {
    const first = known.get(key)
    if (first === undefined) added[key] = value
    else if (!isSameValue(first, value))
      throw new AppError(
        'failed_precondition',
        `The parameter '${key}' is ${clip(first)} already and cannot become ${clip(value)}: parameters of a run never change.`,
        { details: { key, stored: first, given: value } },
      )
  }
  await insertParameters(transaction, run, added)
}

/** As the client says it last, for clients whose parameters may change. */
export const putParameters = (transaction: Transaction, run: number, parameters: Record<string, JsonValue>): Promise<void> =>
  transaction.insertRows(
    'parameters',
    parameterColumns,
    Object.entries(parameters).map(([key, value]) => [run, key, spelledNumber(value), indexedText(value), JSON.stringify(value)]),
    { onConflict: { replace: ['run', 'key'] } },
  )

/** A number equals a text that spells it: clients that know texts only repeat what was given as a number. */
const isSameValue = (stored: JsonValue, given: JsonValue): boolean =>
  canonicalJson(stored) === canonicalJson(given) ||
  (typeof stored === 'number' && typeof given === 'string' && spelledNumber(given) === stored)

const clip = (value: JsonValue): string => {
  const text = JSON.stringify(value)
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}

export async function putLabels(transaction: Transaction, run: number, labels: Record<string, string | null>): Promise<void> {
  const entries = Object.entries(labels)
  const removed = entries.filter(([, value]) => value === null).map(([key]) => key)
  if (removed.length > 0)
    await transaction.kysely.deleteFrom('labels').where('run', '=', run).where('key', 'in', removed).execute()
  const rows = entries.flatMap(([key, value]) => (value === null ? [] : [[run, key, indexedText(value), value]]))
  await transaction.insertRows('labels', ['run', 'key', 'text', 'value'], rows, { onConflict: { replace: ['run', 'key'] } })
}
