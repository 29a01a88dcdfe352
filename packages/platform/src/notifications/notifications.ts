import type { JsonObject, NotificationSpec } from '@trainyard/contract'

/** Who is told when runs end. */
export interface Notifications {
  /**
   * Puts these in place of those the run has; they wait for its next end, or are due at once where it has ended already.
   * `invalid_argument` for a kind, condition or parameter that cannot be, `not_found` without the run.
   */
  attach(runId: string, notifications: readonly NotificationSpec[]): Promise<void>
  /**
   * What a run that is about to begin calls: these are attached unless it has some, which then wait for its end again. Does nothing
   * with an empty list.
   */
  arm(runId: string, notifications: readonly NotificationSpec[]): Promise<void>
  /** In their order. */
  ofRun(runId: string): Promise<NotificationRecord[]>
  /**
   * As they were given, with what nobody may read: for whoever starts the same again on this machine. `storage` when they were sealed
   * with another key.
   */
  reopen(runId: string): Promise<NotificationSpec[]>
  /** What was told or waits to be, newest first; of one run, or of a project. */
  deliveries(of: { runId?: string; project?: string; limit?: number }): Promise<NotificationDelivery[]>
}

/** Without what nobody may read. */
export interface NotificationRecord extends Omit<NotificationSpec, 'secretParams' | 'params'> {
  name: string
  params: JsonObject
  /** Whether it has parameters that are not shown. */
  hasSecrets: boolean
  /** `pending` until the run ends; `skipped` where it was not meant. */
  status: 'pending' | 'sent' | 'error' | 'skipped'
  sentAtMs: number | null
  /** Why it could not be sent, was not meant, or waits to be tried again. */
  reason: string | null
}

export interface NotificationDelivery {
  runId: string
  name: string
  kind: NotificationSpec['kind']
  /** What the run had come to. */
  runState: string
  state: 'waiting' | 'delivered' | 'failed' | 'skipped'
  attempts: number
  createdAtMs: number
  lastAttemptAtMs: number | null
  /** While it waits. */
  nextAtMs: number | null
  status: number | null
  error: string | null
}
