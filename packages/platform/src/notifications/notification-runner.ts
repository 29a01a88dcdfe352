import {
  AppError,
  endedStates,
  type JsonObject,
  type NotificationSpec,
  parseStopCondition,
  type RunRecord,
  stopConditionHolds,
} from '@trainyard/contract'
import type { SecretBox } from '../base/secret-box.ts'
import {
  deliverOnce,
  type DeliveryQueue,
  type DeliveryRunner,
  type Outcome,
  type RunnerOptions,
  startDeliveryRunner,
} from '../deliveries/index.ts'
import type { Reader, Transaction } from '../database/index.ts'
import type { StoredSpec } from './create-notifications.ts'
import { messageOf } from './message.ts'
import { completeParams } from './params.ts'

export interface NotificationOptions extends RunnerOptions {
  box: SecretBox
  /** Whether it may send to this machine and to private networks, and unencrypted. */
  allowPrivate: boolean
  /** The run as it is told of; undefined when it is gone. */
  findRun(runId: string): Promise<RunRecord | undefined>
  /** The secrets of a project. */
  openSecrets(project: string): Promise<Record<string, string>>
  /** Where notifications of the kind `console` go. */
  print(line: string): void
}

interface DueNotification {
  number: number
  attempts: number
  next_at: number
  spec: string
  sealed: string | null
  run: string
}

/** Tells of runs that end, as long as it lives. Several processes may do so at once. */
export const startNotifications = (options: NotificationOptions): DeliveryRunner => startDeliveryRunner(queueOf(options), options)

/**
 * Tells of one run that has just ended here, each notification once; what does not get through waits for a server, or for the next
 * run here. Resolves when everything has been tried.
 */
export async function deliverFor(runId: string, options: NotificationOptions): Promise<void> {
  for (let rounds = 0; rounds < 10; rounds++) if (!(await deliverOnce(queueOf(options, runId), options))) return
}

function queueOf(options: NotificationOptions, runId?: string): DeliveryQueue<DueNotification> {
  return {
    table: 'notification_deliveries',
    hasNews: async (reader) => (await untold(reader, 1, runId)).length > 0,
    enqueue,
    due: ({ kysely }, nowMs, limit) => {
      const rows = kysely
        .selectFrom('notification_deliveries as d')
        .innerJoin('notifications as n', 'n.number', 'd.notification')
        .innerJoin('runs as r', 'r.number', 'n.run')
        .select(['d.number', 'd.attempts', 'd.next_at', 'n.spec', 'n.sealed', 'r.id as run'])
        .where('d.state', '=', 'waiting')
        .where('d.next_at', '<=', nowMs)
        .orderBy('d.next_at')
        .orderBy('d.number')
        .limit(limit)
      return (runId === undefined ? rows : rows.where('r.id', '=', runId)).execute()
    },
    attempt: (due) => tell(options, due),
  }
}

const untold = ({ kysely }: Reader, limit: number, runId?: string) => {
  const rows = kysely
    .selectFrom('notifications as n')
    .innerJoin('runs as r', 'r.number', 'n.run')
    .select(['n.number', 'n.spec', 'r.state', 'r.ended_at'])
    .where('n.told_at', 'is', null)
    .where('r.state', 'in', endedStates)
    .orderBy('n.number')
    .limit(limit)
  return (runId === undefined ? rows : rows.where('r.id', '=', runId)).execute()
}

async function enqueue(transaction: Transaction, nowMs: number): Promise<number> {
  const { kysely } = transaction
  const found = await untold(transaction, 200)
  for (const { number, spec, state, ended_at } of found) {
    const { when } = JSON.parse(spec) as StoredSpec
    const isMeant = when === undefined || when.some((moment) => moment === state)
    await kysely
      .insertInto('notification_deliveries')
      .values({
        notification: number,
        run_state: state,
        state: isMeant ? 'waiting' : 'skipped',
        attempts: 0,
        created_at: nowMs,
        next_at: nowMs,
        last_at: null,
        status: null,
        error: isMeant ? null : `The run ${state}.`,
      })
      .execute()
    await kysely
      .updateTable('notifications')
      .set({ told_at: ended_at ?? nowMs })
      .where('number', '=', number)
      .execute()
  }
  return found.length
}

async function tell(options: NotificationOptions, due: DueNotification): Promise<Outcome> {
  const run = await options.findRun(due.run)
  if (!run) return { state: 'skipped', status: null, error: 'The run is gone.' }
  const spec = JSON.parse(due.spec) as StoredSpec
  if (!holds(spec, run)) return { state: 'skipped', status: null, error: `The condition ${spec.condition} did not hold.` }
  const hidden = due.sealed === null ? {} : (JSON.parse(options.box.open(due.sealed)) as JsonObject)
  const secrets = await options.openSecrets(run.project)
  const params = completeParams(spec.kind, { ...(spec.params as JsonObject | undefined), ...hidden }, secrets)
  // HTTP and TLS are for those who tell: every run has this module.
  const { sendWith } = await import('./senders/table.ts')
  try {
    return await sendWith(spec.kind, params, messageOf(run, spec), options)
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    throw withoutSecrets(error, [...Object.values(hidden), ...Object.values(secrets)])
  }
}

function holds({ condition }: Pick<NotificationSpec, 'condition'>, run: RunRecord): boolean {
  if (condition === undefined || condition.trim() === '') return true
  return stopConditionHolds(parseStopCondition(condition), run.results)
}

/** The log of deliveries is for many eyes: an address that is a secret is not in it. */
function withoutSecrets(error: AppError, secrets: readonly unknown[]): AppError {
  let { message } = error
  for (const secret of secrets) if (typeof secret === 'string' && secret.length >= 4) message = message.replaceAll(secret, '…')
  return new AppError(error.code, message, { cause: error })
}
