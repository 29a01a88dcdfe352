import { isAppError, type RunRecord } from '@trainyard/contract'
import type { JobQuery, JobRecord } from '../jobs/index.ts'
import type { Cli } from './cli.ts'
import { openRecords } from './open-records.ts'
import { jobsOf } from './record-server.ts'
import { executionOf } from './run/start-execution.ts'
import type { Session } from './session.ts'
import { wakeServer } from './wake-server.ts'

/** The queue as commands see it: of this data directory's database, or of the server that `TRAINYARD_URL` names. */
export interface JobAccess extends AsyncDisposable {
  resolve(reference: string): Promise<string>
  find(runId: string): Promise<JobRecord | undefined>
  list(query: JobQuery): Promise<JobRecord[]>
  runs(ids: readonly string[]): Promise<Map<string, RunRecord>>
  prioritise(runId: string, priority: number): Promise<JobRecord>
  abort(runId: string, options: { reason: string; force: boolean }): Promise<RunRecord>
  limit(project: string, running: number | null): Promise<void>
  limits(): Promise<Record<string, number>>
}

export async function jobAccess(cli: Cli): Promise<JobAccess> {
  const session = await openRecords(cli)
  const { runs } = session.tracking
  return {
    ...(session.remote === undefined ? local(cli, session) : distant(session.remote)),
    resolve: (reference) => runs.resolve(reference, cli.project === undefined ? {} : { project: cli.project }),
    runs: async (ids) => new Map((ids.length === 0 ? [] : await runs.getMany(ids)).map((run) => [run.id, run])),
    [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
  }
}

type Calls = Pick<JobAccess, 'find' | 'list' | 'prioritise' | 'abort' | 'limit' | 'limits'>

function local(cli: Cli, session: Session): Calls {
  const jobs = jobsOf(session, executionOf(cli, session), () => void wakeServer(session.directory.path))
  return {
    ...jobs,
    abort: async (runId, options) => {
      const ended = await jobs.abort(runId, options)
      if (ended !== false) return ended
      const { abortRun } = await import('../execution/index.ts')
      return await abortRun(executionOf(cli, session), runId, options)
    },
  }
}

function distant(server: NonNullable<Session['remote']>): Calls {
  const at = (runId: string): string => `/jobs/${encodeURIComponent(runId)}`
  return {
    find: async (runId) => {
      try {
        return await server.json<JobRecord>('GET', at(runId))
      } catch (error) {
        if (isAppError(error, 'not_found')) return undefined
        throw error
      }
    },
    list: async (query) => (await server.json<{ jobs: JobRecord[] }>('GET', '/jobs', { query: { ...query } })).jobs,
    prioritise: (runId, priority) => server.json('PATCH', at(runId), { body: { priority } }),
    abort: async (runId, { reason, force }) =>
      (await server.json<{ runs: RunRecord[] }>('POST', '/runs/abort', { body: { runs: [runId], reason, force } })).runs[0]!,
    limit: async (project, running) =>
      void (await server.json('PUT', `/job-limits/${encodeURIComponent(project)}`, { body: { running } })),
    limits: async () => (await server.json<{ limits: Record<string, number> }>('GET', '/job-limits')).limits,
  }
}
