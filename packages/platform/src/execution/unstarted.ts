import { AppError, isAppError, newRunId, type RunKind, type Task } from '@trainyard/contract'
import { concludeUnbegun } from './conclude.ts'
import type { Execution } from './execution.ts'
import { resolveOutPath } from './out-path.ts'
import { withoutSecretsOf } from './secrets.ts'
import { defaultRunName } from './user-file.ts'

/** What has to be there before a run can begin, and is not ours to give. */
type Missing = 'requirements' | 'source'

/** Marks a failure to fetch what a run needs: it belongs on the run (`recordUnstarted`), with its sentence as it is. */
export function missing(what: Missing, error: unknown): unknown {
  if (!isAppError(error) || error.code === 'aborted') return error
  return new AppError(error.code, error.message, { cause: error, details: { ...error.details, type: what } })
}

export const isMissing = (error: unknown): error is AppError =>
  isAppError(error) && (error.details['type'] === 'requirements' || error.details['type'] === 'source')

/**
 * Keeps the record of a run whose code or packages were not to be had: failed, with the reason. The run's id. A run that has a record
 * of that id already keeps it as it is.
 */
export async function recordUnstarted(
  execution: Pick<Execution, 'tracking' | 'clock' | 'owner' | 'directory' | 'workingDirectory' | 'notifications'>,
  asked: { task: Task; kind: RunKind; host: string; id?: string },
  error: AppError,
): Promise<string> {
  const { runs } = execution.tracking
  const { task, kind, host } = asked
  const nowMs = execution.clock.nowMs()
  const id = asked.id ?? newRunId(nowMs)
  if ((await runs.find(id)) !== undefined) return id
  const name = task.name ?? defaultRunName({ script: task.command ?? task.program?.[0] ?? 'run', handler: task.handler })
  const project = task.project ?? 'default'
  const places = { artifacts: execution.directory.artifacts, workingDirectory: execution.workingDirectory }
  await runs.create({
    id,
    name,
    project,
    experiment: task.experiment ?? name,
    kind,
    state: 'pending',
    createdAtMs: nowMs,
    owner: execution.owner,
    host,
    parameters: task.parameters ?? {},
    labels: task.labels ?? {},
    task: withoutSecretsOf(task),
    outPath: resolveOutPath(task.outPath, { uid: id, name, project, iteration: 0 }, places),
  })
  await execution.notifications?.arm(id, task.notifications ?? [])
  const unbegun = concludeUnbegun(error)
  await runs.transition(id, {
    to: 'failed',
    from: ['pending'],
    reason: unbegun.reason,
    atMs: execution.clock.nowMs(),
    patch: { error: unbegun.error },
  })
  return id
}
