import { countOf } from '@trainyard/contract'
import type { Transaction } from '../database/index.ts'
import type { Demand } from './demand.ts'
import type { JobRow } from './job-rows.ts'
import { pickJobs } from './pick-jobs.ts'

export interface Claimant {
  /** Names the process: see `lease-owner.ts`. */
  owner: string
  host: string
  capacity: Demand
  leaseMs: number
}

export interface Claim {
  claimed: JobRow[]
  /** Of those whose reason is another than before: the run and why it waits. */
  reasons: Map<string, string>
}

/** What is needed to choose: plans are large. */
type CandidateRow = Pick<JobRow, 'number' | 'run' | 'project' | 'reason' | 'cpu_milli' | 'memory' | 'gpus'>

/** Jobs looked at in one go; of those behind them none could start before these. */
const candidatesAtOnce = 40

/** Takes what may start on this machine now. Whoever asks at the same time comes before or after, never in between. */
export async function claimJobs(transaction: Transaction, claimant: Claimant, nowMs: number): Promise<Claim> {
  const { kysely } = transaction
  const leased = await kysely
    .selectFrom('jobs')
    .select(({ fn }) => [
      'project',
      'lease_host',
      fn.countAll<number>().as('running'),
      fn.sum<number>('cpu_milli').as('cpu_milli'),
      fn.sum<number>('memory').as('memory'),
      fn.sum<number>('gpus').as('gpus'),
    ])
    .where('state', '=', 'leased')
    .groupBy(['project', 'lease_host'])
    .execute()
  const limits = new Map((await kysely.selectFrom('job_limits').selectAll().execute()).map((row) => [row.project, row.running]))
  const room = new Map(limits)
  let free = claimant.capacity
  for (const row of leased) {
    const places = room.get(row.project)
    if (places !== undefined) room.set(row.project, places - row.running)
    if (row.lease_host !== claimant.host) continue
    free = {
      cpuMilli: free.cpuMilli - row.cpu_milli,
      memoryBytes: free.memoryBytes - row.memory,
      gpus: free.gpus - row.gpus,
    }
  }
  const full = [...room].filter(([, places]) => places <= 0).map(([project]) => project)
  const candidates = await candidatesFor(transaction, { claimant, nowMs, without: full })
  const picked = pickJobs(
    candidates.map((row) => ({
      number: row.number,
      project: row.project,
      demand: { cpuMilli: row.cpu_milli, memoryBytes: row.memory, gpus: row.gpus },
    })),
    { capacity: claimant.capacity, free, room, limits },
  )
  const claimed =
    picked.start.length === 0
      ? []
      : await kysely.selectFrom('jobs').selectAll().where('number', 'in', picked.start).orderBy('number').execute()
  if (claimed.length > 0)
    await kysely
      .updateTable('jobs')
      .set({
        state: 'leased',
        reason: null,
        lease_owner: claimant.owner,
        lease_host: claimant.host,
        lease_until: nowMs + claimant.leaseMs,
        leased_at: nowMs,
      })
      .where('number', 'in', picked.start)
      .execute()
  const held = full.length === 0 ? [] : await heldBack(transaction, full, limits)
  const waiting = candidates.map((row) => [row, picked.waiting.get(row.number)] as const)
  return { claimed, reasons: await keepReasons(transaction, [...waiting, ...held]) }
}

async function candidatesFor(
  { kysely }: Transaction,
  { claimant, nowMs, without }: { claimant: Claimant; nowMs: number; without: string[] },
): Promise<CandidateRow[]> {
  let query = kysely
    .selectFrom('jobs as j')
    // Made with it; a job whose run was never made is nobody's.
    .innerJoin('runs as r', 'r.id', 'j.run')
    .select(['j.number', 'j.run', 'j.project', 'j.reason', 'j.cpu_milli', 'j.memory', 'j.gpus'])
    .where('j.state', '=', 'queued')
    .where('j.ready_at', '<=', nowMs)
    .where('r.state', '=', 'pending')
    .where('r.trashed_at', 'is', null)
    .where((row) => row.or([row('j.host', 'is', null), row('j.host', '=', claimant.host)]))
    .orderBy('j.priority', 'desc')
    .orderBy('j.number')
    .limit(candidatesAtOnce)
  if (without.length > 0) query = query.where('j.project', 'not in', without)
  return await query.execute()
}

/** The first of those that only their project's limit holds back, and the reason to tell. */
async function heldBack(
  { kysely }: Transaction,
  projects: string[],
  limits: ReadonlyMap<string, number>,
): Promise<(readonly [CandidateRow, string])[]> {
  const rows = await kysely
    .selectFrom('jobs')
    .select(['number', 'run', 'project', 'reason', 'cpu_milli', 'memory', 'gpus'])
    .where('state', '=', 'queued')
    .where('project', 'in', projects)
    .orderBy('priority', 'desc')
    .orderBy('number')
    .limit(candidatesAtOnce)
    .execute()
  return rows.map((row) => {
    const limit = limits.get(row.project) ?? 0
    return [row, `waits: the project ${row.project} runs ${countOf(limit, 'job')} at a time`] as const
  })
}

async function keepReasons(
  { kysely }: Transaction,
  waiting: readonly (readonly [CandidateRow, string | undefined])[],
): Promise<Map<string, string>> {
  const changed = new Map<string, string>()
  for (const [row, reason] of waiting) {
    if (reason === undefined || reason === row.reason) continue
    changed.set(row.run, reason)
    await kysely.updateTable('jobs').set({ reason }).where('number', '=', row.number).execute()
  }
  return changed
}
