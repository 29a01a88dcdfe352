import type { Firing, ListedSchedule, NewSchedule, ScheduleRecord, Schedules } from '../schedules/index.ts'
import type { Cli } from './cli.ts'
import { openRecords } from './open-records.ts'
import { jobsOf, schedulesOf } from './record-server.ts'
import { executionOf } from './run/start-execution.ts'
import { readServerNote } from './server-file.ts'
import { openSession, type Session } from './session.ts'
import { wakeServer } from './wake-server.ts'

export interface ShownSchedule {
  schedule: ScheduleRecord
  upcomingMs: number[]
  history: Firing[]
}

/** Schedules as commands see them: of this data directory's database, or of the server that `TRAINYARD_URL` names. */
export interface ScheduleAccess extends AsyncDisposable, Pick<Schedules, 'list' | 'pause' | 'resume' | 'fire' | 'remove'> {
  readonly isRemote: boolean
  /** Whether a server is there that fires them. */
  readonly isServed: boolean
  readonly url: string
  add(
    schedule: NewSchedule,
    options: { replace: boolean },
  ): Promise<{ record: ScheduleRecord; upcomingMs: number[]; path: string | undefined }>
  show(project: string, name: string, upcoming: number): Promise<ShownSchedule>
}

export async function scheduleAccess(cli: Cli, { create }: { create: boolean }): Promise<ScheduleAccess> {
  const isHere = cli.config.remote === undefined || cli.globals.data !== undefined
  const session = isHere && create ? await openSession(cli, { create }) : await openRecords(cli)
  const dispose = { [Symbol.asyncDispose]: () => session[Symbol.asyncDispose]() }
  return session.remote === undefined ? { ...here(cli, session), ...dispose } : { ...there(session.remote), ...dispose }
}

const upcomingShown = 5

function here(cli: Cli, session: Session): Omit<ScheduleAccess, keyof AsyncDisposable> {
  const wake = (): void => void wakeServer(session.directory.path)
  const note = readServerNote(session.directory.path)
  const execution = executionOf(cli, session)
  const schedules = schedulesOf(session, {
    execution,
    jobs: jobsOf(session, execution, wake),
    // Of the server that is yet to be started, nothing is known.
    allowPrivate: note === undefined || note.allowPrivate === true,
    onChange: wake,
  })
  return {
    ...schedules,
    isRemote: false,
    isServed: note !== undefined && note.jobs !== false,
    url: note?.url ?? 'http://…',
    add: async (schedule, options) => {
      const { token, ...record } = await schedules.add(schedule, options)
      const path = token === undefined ? undefined : `/api/trainyard/v1/hooks/${token}`
      return { record, upcomingMs: schedules.upcoming(record, upcomingShown), path }
    },
    show: async (project, name, upcoming) => {
      const schedule = await schedules.get(project, name)
      return { schedule, upcomingMs: schedules.upcoming(schedule, upcoming), history: await schedules.history(project, name) }
    },
  }
}

function there(server: NonNullable<Session['remote']>): Omit<ScheduleAccess, keyof AsyncDisposable> {
  const at = (project: string, name: string): string => `/schedules/${encodeURIComponent(project)}/${encodeURIComponent(name)}`
  const change = (paused: boolean) => (project: string, name: string) =>
    server.json<ScheduleRecord>('PATCH', at(project, name), { body: { paused } })
  return {
    isRemote: true,
    isServed: true,
    url: server.url,
    list: async (query = {}) =>
      (await server.json<{ schedules: ListedSchedule[] }>('GET', '/schedules', { query: { ...query } })).schedules,
    add: async ({ project, name, owner: _owner, isPaused, job, ...rest }, { replace }) => {
      const { host: _host, ...plan } = job
      const body = { ...rest, ...plan, paused: isPaused, replace }
      const { schedule, path, upcomingMs } = await server.json<{
        schedule: ScheduleRecord
        upcomingMs: number[]
        path: string | null
      }>('PUT', at(project, name), { body })
      return { record: schedule, upcomingMs, path: path ?? undefined }
    },
    show: (project, name, upcoming) => server.json('GET', at(project, name), { query: { upcoming } }),
    pause: change(true),
    resume: change(false),
    fire: (project, name) => server.json<Firing>('POST', `${at(project, name)}/fire`),
    remove: async (project, name) => void (await server.json('DELETE', at(project, name))),
  }
}
