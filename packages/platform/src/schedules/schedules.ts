import type { RunState } from '@trainyard/contract'
import type { JobPlan } from '../jobs/index.ts'

/** When. Of a cron expression five fields (minutes) or six (seconds first), or an alias such as `@daily`. */
export type Timing =
  | {
      kind: 'cron'
      expression: string
      /** An IANA name; UTC unless said. */
      timeZone?: string
      /** Neither before nor at or after these. */
      fromMs?: number
      untilMs?: number
    }
  | { kind: 'interval'; everyMs: number; fromMs?: number; untilMs?: number }
  | { kind: 'once'; atMs: number }
  /** Each new version of an artifact: of this key, or of any; with the tag, when one is named. */
  | { kind: 'artifact'; key?: string; tag?: string }
  /** Each new version of a registered model. */
  | { kind: 'model'; model?: string }
  /** A call of an address that nobody can guess. */
  | { kind: 'webhook' }

/** What happens when a run of the schedule is still at work: it starts beside it, is left out, or takes its place. */
export const concurrencyPolicies = ['allow', 'forbid', 'replace'] as const
/** Of times that were missed, because no server ran: none, the last one, or each (at most 100) is made up for. */
export const catchUpPolicies = ['none', 'latest', 'all'] as const

export interface ScheduleSettings {
  timing: Timing
  /** Each time is put off by something below this, so that not all start at once. */
  jitterMs: number
  concurrency: (typeof concurrencyPolicies)[number]
  catchUp: (typeof catchUpPolicies)[number]
}

/**
 * What is asked for each time. A `function` (`db://project/name:tag`) is looked up anew whenever it fires, so that a tag is the version it
 * leads to then. With a `host`, only a server of that machine carries it out.
 */
export type ScheduledJob = JobPlan & { host?: string }

export interface NewSchedule extends Partial<Omit<ScheduleSettings, 'timing'>> {
  timing: Timing
  project: string
  name: string
  owner: string
  /** In texts of it `{{trigger.…}}` is replaced: see docs/schedules.md. */
  job: ScheduledJob
  secrets?: Record<string, string>
  labels?: Record<string, string>
  isPaused?: boolean
}

export type ScheduleState = 'active' | 'paused' | 'ended'

export interface ScheduleRecord extends ScheduleSettings {
  project: string
  name: string
  owner: string
  state: ScheduleState
  job: ScheduledJob
  /** Names only: values are never given back. */
  secretNames: string[]
  labels: Record<string, string>
  /** When it fires next, its jitter included; null when only something else than the clock fires it. */
  nextAtMs: number | null
  createdAtMs: number
  updatedAtMs: number
}

/** As schedules are listed. */
export interface ListedSchedule extends ScheduleRecord {
  /** What it fired or left out last. */
  last: Firing | null
  /** Its next times, without jitter; none while it is paused. */
  upcomingMs: number[]
}

export interface Firing {
  /** The time it was meant for. */
  plannedAtMs: number
  firedAtMs: number
  /** What made it: `time`, `missed` (made up for), `manual`, or what arrived. */
  cause: string
  outcome: 'started' | 'skipped' | 'failed'
  runId: string | null
  /** How that run is, or how it ended; null when it is not in the records any more. */
  runState: RunState | null
  /** Why it did not start. */
  reason: string | null
}

/** What a trigger brings, for `{{trigger.…}}`. */
export type TriggerFacts = Readonly<Record<string, unknown>>

/** Every change is durable when it resolves. */
export interface Schedules {
  /**
   * `already_exists` when the project has one of that name, unless it is to be replaced. What never fires, a handler that is not there and
   * parameters that it does not take are refused with `invalid_argument`. Of one that a webhook fires, the answer holds the only copy of its token.
   */
  add(schedule: NewSchedule, options?: { replace?: boolean }): Promise<ScheduleRecord & { token?: string }>
  find(project: string, name: string): Promise<ScheduleRecord | undefined>
  get(project: string, name: string): Promise<ScheduleRecord>
  list(query?: { project?: string; limit?: number; after?: string }): Promise<ListedSchedule[]>
  /** Its next times, without jitter; none while it is paused. */
  upcoming(schedule: ScheduleRecord, count: number): number[]
  /** Newest first. The last 100 are kept. */
  history(project: string, name: string, limit?: number): Promise<Firing[]>
  /** What would have been due while it was paused is not made up for. Idempotent. */
  pause(project: string, name: string): Promise<ScheduleRecord>
  resume(project: string, name: string): Promise<ScheduleRecord>
  /** Now, beside its times, whatever its state. */
  fire(project: string, name: string): Promise<Firing>
  /** By the token of a webhook; `not_found` when there is none of it, or it is paused. */
  call(token: string, facts: TriggerFacts): Promise<Firing>
  /** Runs that it started stay. `not_found` when there is none. */
  remove(project: string, name: string): Promise<void>
}
