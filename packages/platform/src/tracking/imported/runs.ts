import { type JsonValue, isEnded, type RunState, type Supervisor } from '@trainyard/contract'
import type { Transaction } from '../../database/index.ts'
import { noteChange } from '../change-notes.ts'
import { addNewParameters, checkNewRun, createRun, putLabels } from '../run-create.ts'
import { findRunNumber } from '../run-number.ts'
import { reporter } from '../reported-state.ts'
import { canonicalJson } from '../stored-value.ts'
import { checkName, checkValue } from '../record-names.ts'
import type { Taken } from './imported-records.ts'

export interface ImportedRun {
  id: string
  experimentId: string
  name: string
  state: RunState
  startedAtMs: number
  endedAtMs: number | null
  trashedAtMs: number | null
  owner: string
  outPath: string
  parameters: Record<string, JsonValue>
  labels: Record<string, string>
  /** Labels that were taken before and are gone there now. */
  removedLabels: readonly string[]
}

/**
 * Makes the run, or brings the one of that id up to date: name, labels, state and times as they are there, parameters that are
 * missing here. What cannot be is told in `differences`: parameters never change, and a run that a supervisor of ours watches has
 * the state that it says.
 */
export async function takeRun(transaction: Transaction, given: ImportedRun, nowMs: number): Promise<Taken> {
  checkName('run name', given.name)
  for (const [key, value] of Object.entries(given.parameters)) checkValue('parameter', key, value)
  for (const [key, value] of Object.entries(given.labels)) checkValue('label', key, value)
  const known = await findRunNumber(transaction, given.id)
  if (known !== undefined) return { made: false, differences: await bringUpToDate(transaction, known, given, nowMs) }
  const { kysely } = transaction
  const place = await kysely
    .selectFrom('experiments as e')
    .innerJoin('projects as p', 'p.number', 'e.project')
    .select(['e.name as experiment', 'p.name as project'])
    .where('e.number', '=', Number(given.experimentId))
    .executeTakeFirstOrThrow()
  const { removedLabels: _, trashedAtMs: _trashed, endedAtMs: _ended, startedAtMs, experimentId: _id, ...rest } = given
  const run = { ...rest, ...place, kind: 'run' as const, createdAtMs: startedAtMs, host: '' }
  checkNewRun(run)
  const number = await createRun(transaction, isEnded(given.state) ? run : { ...run, supervisor: reporter(nowMs) }, nowMs)
  await setTimes(transaction, number, given)
  return { made: true, differences: [] }
}

async function bringUpToDate(transaction: Transaction, number: number, given: ImportedRun, nowMs: number): Promise<string[]> {
  const { kysely } = transaction
  const row = await kysely
    .selectFrom('runs as r')
    .innerJoin('run_documents as d', 'd.run', 'r.number')
    .innerJoin('experiments as e', 'e.number', 'r.experiment')
    .innerJoin('projects as p', 'p.number', 'r.project')
    .select(['r.state', 'd.supervisor', 'r.experiment', 'e.name as experiment_name', 'p.name as project_name'])
    .where('r.number', '=', number)
    .executeTakeFirstOrThrow()
  const differences = await addMissingParameters(transaction, number, given.parameters)
  await noteChange(transaction, 'run', number)
  if (row.experiment !== Number(given.experimentId))
    differences.push(`it is in the experiment '${row.experiment_name}' of the project ${row.project_name} here, and stays there`)
  const removed = Object.fromEntries(given.removedLabels.map((key) => [key, null]))
  await putLabels(transaction, number, { ...removed, ...given.labels })
  const supervisor = row.supervisor === null ? null : (JSON.parse(row.supervisor) as Supervisor)
  if (supervisor !== null && supervisor.host !== reporter(0).host) {
    differences.push(`it is ${row.state} here, as its supervisor says, and ${given.state} there`)
    return differences
  }
  await kysely.updateTable('runs').set({ name: given.name, state: given.state }).where('number', '=', number).execute()
  await kysely
    .updateTable('run_documents')
    .set({ supervisor: isEnded(given.state) ? null : JSON.stringify(reporter(nowMs)) })
    .where('run', '=', number)
    .execute()
  if (row.state !== given.state) await appendState(transaction, number, given, nowMs)
  await setTimes(transaction, number, given)
  return differences
}

async function addMissingParameters(
  transaction: Transaction,
  run: number,
  parameters: Record<string, JsonValue>,
): Promise<string[]> {
  const rows = await transaction.kysely.selectFrom('parameters').select(['key', 'value']).where('run', '=', run).execute()
  const stored = new Map(rows.map(({ key, value }) => [key, JSON.parse(value) as JsonValue]))
  const missing: Record<string, JsonValue> = Object.create(null) as Record<string, JsonValue>
  const differences: string[] = []
  for (const [key, value] of Object.entries(parameters)) {
    const first = stored.get(key)
    if (first === undefined) missing[key] = value
    else if (canonicalJson(first) !== canonicalJson(value))
      differences.push(`parameter '${key}' is ${JSON.stringify(first)} here and ${JSON.stringify(value)} there`)
  }
  await addNewParameters(transaction, run, missing)
  return differences
}

async function appendState({ kysely }: Transaction, run: number, given: ImportedRun, nowMs: number): Promise<void> {
  const { last } = await kysely
    .selectFrom('run_states')
    .select(({ fn }) => fn.max('ordinal').as('last'))
    .where('run', '=', run)
    .executeTakeFirstOrThrow()
  const at = given.endedAtMs ?? nowMs
  await kysely
    .insertInto('run_states')
    .values({ run, ordinal: (last ?? 0) + 1, state: given.state, at, reason: null })
    .execute()
}

async function setTimes({ kysely }: Transaction, number: number, given: ImportedRun): Promise<void> {
  const hasStarted = given.state !== 'pending' && given.state !== 'created'
  await kysely
    .updateTable('runs')
    .set({
      started_at: hasStarted ? given.startedAtMs : null,
      ended_at: given.endedAtMs ?? (isEnded(given.state) ? given.startedAtMs : null),
      updated_at: given.endedAtMs ?? given.startedAtMs,
      trashed_at: given.trashedAtMs,
    })
    .where('number', '=', number)
    .execute()
  await kysely
    .updateTable('run_documents')
    .set({ out_path: given.outPath })
    .where('run', '=', number)
    .where('out_path', '=', '')
    .execute()
}
