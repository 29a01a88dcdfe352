import {
  AppError,
  isEnded,
  type JournalInput,
  type JsonValue,
  newRunId,
  type RunError,
  type RunState,
  type Supervisor,
  type SweepSummary,
} from '@trainyard/contract'
import type { Clock } from '../../base/clock.ts'
import { boundValuesPerQuery, type Database, type Reader, type Transaction } from '../../database/index.ts'
import { noteChange } from '../change-notes.ts'
import { JournalBatch } from '../journal-batch.ts'
import { storeBatch } from '../journal-store.ts'
import { checkName, checkValue } from '../record-names.ts'
import { checkNewRun, createRun, putLabels, putParameters } from '../run-create.ts'
import { patchRun } from '../run-change.ts'
import { reporter, setReportedState } from '../reported-state.ts'
import type { NewRun } from '../tracking.ts'

/** Which run a document is about: a run of its own, or an iteration by its number. */
export interface DocumentedRunName {
  project: string
  runId: string
  iteration: number
}

/** What is known of a run before a document changes it. */
export interface KnownRun {
  id: string
  name: string
  state: RunState
  isTrashed: boolean
  /** One of our own supervisors watches it: its state is not the client's to say. */
  isOurs: boolean
  document: string | null
  startedAtMs: number
  endedAtMs: number | null
}

/** What a document makes of its run. What is absent stays as it is. */
export interface DocumentedChange {
  document: string
  name: string
  experiment: string
  kind: 'run' | 'sweep' | 'iteration'
  owner: string
  host: string
  outPath: string
  createdAtMs: number
  state?: RunState
  reason?: string
  endedAtMs?: number
  error?: RunError | null
  sweep?: SweepSummary
  /** A `null` value removes. */
  labels?: Record<string, string | null>
  /** Another value takes the place of the one before. */
  parameters?: Record<string, JsonValue>
  results?: Record<string, JsonValue>
  inputs?: readonly JournalInput[]
}

/**
 * Runs of clients that send the whole of a run as one document with every change. The document is kept as it came, for what our
 * record has no field for, and the record follows it: what other clients then change in the record wins over the document.
 */
export interface RunDocuments {
  /**
   * Makes the run when there is none, and changes it otherwise, in one transaction. `decide` may be called again, and does nothing
   * but decide. A run of that id in another project is refused with `already_exists`.
   */
  change(name: DocumentedRunName, decide: (known: KnownRun | undefined) => DocumentedChange): Promise<{ runId: string }>
  /** The id of an iteration; undefined where there is none. */
  iterationId(runId: string, iteration: number): Promise<string | undefined>
  /** Documents of these runs; those without one are missing. */
  ofRuns(runIds: readonly string[]): Promise<Map<string, string>>
}

export function createRunDocuments(database: Database, clock: Clock): RunDocuments {
  return {
    change: (name, decide) => database.write((transaction) => change(transaction, name, decide, clock.nowMs())),
    iterationId: (runId, iteration) => database.read(async (reader) => (await findIteration(reader, runId, iteration))?.id),
    ofRuns: (runIds) => database.read((reader) => documentsOf(reader, runIds)),
  }
}

const findIteration = async ({ kysely }: Reader, runId: string, iteration: number) =>
  await kysely
    .selectFrom('runs as r')
    .innerJoin('runs as parent', 'parent.number', 'r.parent')
    .select(['r.number', 'r.id'])
    .where('parent.id', '=', runId)
    .where('r.iteration', '=', iteration)
    .executeTakeFirst()

async function documentsOf({ kysely }: Reader, runIds: readonly string[]): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  for (let at = 0; at < runIds.length; at += boundValuesPerQuery) {
    const rows = await kysely
      .selectFrom('client_run_documents as d')
      .innerJoin('runs as r', 'r.number', 'd.run')
      .select(['r.id', 'd.body'])
      .where('r.id', 'in', runIds.slice(at, at + boundValuesPerQuery))
      .execute()
    for (const { id, body } of rows) found.set(id, body)
  }
  return found
}

async function change(
  transaction: Transaction,
  name: DocumentedRunName,
  decide: (known: KnownRun | undefined) => DocumentedChange,
  nowMs: number,
): Promise<{ runId: string }> {
  const number = await numberOf(transaction, name)
  const known = number === undefined ? undefined : await load(transaction, number, name)
  const wanted = decide(known)
  check(wanted)
  if (number === undefined || known === undefined) {
    const created = await create(transaction, name, wanted, nowMs)
    await fill(transaction, created.number, wanted, nowMs)
    return { runId: created.id }
  }
  if (known.isTrashed)
    await transaction.kysely.updateTable('runs').set({ trashed_at: null }).where('number', '=', number).execute()
  await setReportedState(
    transaction,
    number,
    {
      name: wanted.name,
      ...(wanted.state === undefined ? {} : { state: wanted.state }),
      ...(wanted.reason === undefined ? {} : { reason: wanted.reason }),
      ...(wanted.endedAtMs === undefined ? {} : { endedAtMs: wanted.endedAtMs }),
    },
    nowMs,
  )
  await fill(transaction, number, wanted, nowMs)
  return { runId: known.id }
}

async function numberOf(transaction: Transaction, { runId, iteration }: DocumentedRunName): Promise<number | undefined> {
  if (iteration > 0) return (await findIteration(transaction, runId, iteration))?.number
  const row = await transaction.kysely.selectFrom('runs').select('number').where('id', '=', runId).executeTakeFirst()
  return row?.number
}

async function load({ kysely }: Transaction, number: number, { project }: DocumentedRunName): Promise<KnownRun> {
  const row = await kysely
    .selectFrom('runs as r')
    .innerJoin('projects as p', 'p.number', 'r.project')
    .innerJoin('run_documents as d', 'd.run', 'r.number')
    .leftJoin('client_run_documents as c', 'c.run', 'r.number')
    .select([
      'r.id',
      'r.name',
      'r.state',
      'r.trashed_at',
      'r.created_at',
      'r.ended_at',
      'p.name as project',
      'd.supervisor',
      'c.body',
    ])
    .where('r.number', '=', number)
    .executeTakeFirstOrThrow()
  if (row.project !== project)
    throw new AppError('already_exists', `There is a run ${row.id} already, in the project '${row.project}'.`, {
      details: { runId: row.id },
    })
  const supervisor = row.supervisor === null ? null : (JSON.parse(row.supervisor) as Supervisor)
  return {
    id: row.id,
    name: row.name,
    state: row.state as RunState,
    isTrashed: row.trashed_at !== null,
    isOurs: supervisor !== null && supervisor.host !== reporter(0).host,
    document: row.body,
    startedAtMs: row.created_at,
    endedAtMs: row.ended_at,
  }
}

function check({ labels = {}, parameters = {}, results = {} }: DocumentedChange): void {
  for (const [key, value] of Object.entries(labels)) checkValue('label', key, value)
  for (const [key, value] of Object.entries(parameters)) checkValue('parameter', key, value)
  for (const [key, value] of Object.entries(results)) checkValue('result', key, typeof value === 'number' ? 0 : value)
}

async function create(
  transaction: Transaction,
  { project, runId, iteration }: DocumentedRunName,
  wanted: DocumentedChange,
  nowMs: number,
): Promise<{ number: number; id: string }> {
  const id = iteration > 0 ? newRunId(nowMs) : runId
  if (iteration > 0) await ensureParent(transaction, { project, runId, iteration }, wanted, nowMs)
  const run: NewRun = {
    id,
    name: wanted.name,
    project,
    experiment: wanted.experiment,
    kind: iteration > 0 ? 'iteration' : wanted.kind === 'sweep' ? 'sweep' : 'run',
    state: wanted.state ?? 'running',
    owner: wanted.owner,
    host: wanted.host,
    outPath: wanted.outPath,
    createdAtMs: wanted.createdAtMs,
    ...(wanted.reason === undefined ? {} : { reason: wanted.reason }),
    ...(iteration > 0 ? { parentId: runId, iteration } : {}),
    ...(isEnded(wanted.state ?? 'running') ? {} : { supervisor: reporter(nowMs) }),
  }
  checkNewRun(run)
  return { number: await createRun(transaction, run, nowMs, { besideParent: true }), id }
}

/** A client may tell of an iteration first; and any run becomes a sweep by having one. */
async function ensureParent(
  transaction: Transaction,
  { project, runId }: DocumentedRunName,
  wanted: DocumentedChange,
  nowMs: number,
): Promise<void> {
  const { kysely } = transaction
  const parent = await kysely.selectFrom('runs').select(['number', 'kind']).where('id', '=', runId).executeTakeFirst()
  if (parent?.kind === 'run')
    await kysely.updateTable('runs').set({ kind: 'sweep' }).where('number', '=', parent.number).execute()
  if (parent) return
  const run: NewRun = {
    id: runId,
    name: wanted.name,
    project,
    experiment: wanted.experiment,
    kind: 'sweep',
    state: 'running',
    owner: wanted.owner,
    host: wanted.host,
    outPath: wanted.outPath,
    createdAtMs: wanted.createdAtMs,
    supervisor: reporter(nowMs),
  }
  checkNewRun(run)
  await createRun(transaction, run, nowMs)
}

/** Everything a document says that is no part of a new run. */
async function fill(transaction: Transaction, run: number, wanted: DocumentedChange, nowMs: number): Promise<void> {
  const { labels = {}, parameters = {}, results = {}, inputs = [], error, sweep } = wanted
  checkName('run name', wanted.name)
  await putLabels(transaction, run, labels)
  await putParameters(transaction, run, parameters)
  const batch = new JournalBatch('document')
  for (const [key, value] of Object.entries(results)) {
    if (typeof value === 'number') batch.addNumberResult(key, nowMs, value)
    else batch.otherResults.set(key, value)
  }
  batch.inputs.push(...inputs)
  if (Object.keys(results).length > 0 || inputs.length > 0) await storeBatch(transaction, run, batch)
  if (error !== undefined || sweep !== undefined)
    await patchRun(
      transaction,
      run,
      { ...(error === undefined ? {} : { error }), ...(sweep === undefined ? {} : { sweep }) },
      nowMs,
    )
  if (wanted.kind === 'sweep')
    await transaction.kysely
      .updateTable('runs')
      .set({ kind: 'sweep' })
      .where('number', '=', run)
      .where('kind', '=', 'run')
      .execute()
  await noteChange(transaction, 'run', run)
  const { number: seen } = await transaction.kysely
    .selectFrom('changes')
    .select('number')
    .where('kind', '=', 'run')
    .where('subject', '=', run)
    .executeTakeFirstOrThrow()
  await transaction.insertRows('client_run_documents', ['run', 'body', 'seen'], [[run, wanted.document, seen]], {
    onConflict: { replace: ['run'] },
  })
}
