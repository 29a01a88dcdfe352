import { AppError } from '@trainyard/contract'
import { nativePrefix } from '@trainyard/contract/native-api'
import { parseTask } from '../../execution/index.ts'
import { checkTiming, nextTimes, type Schedules } from '../../schedules/index.ts'
import type { SomeHandlers } from './bound-operation.ts'
import type { NativeContext } from './context.ts'
import { checkSources } from './job-handlers.ts'

const usualUpcoming = 5

export const scheduleHandlers: SomeHandlers<
  | 'listSchedules'
  | 'foretellTimes'
  | 'putSchedule'
  | 'getSchedule'
  | 'changeSchedule'
  | 'fireSchedule'
  | 'removeSchedule'
  | 'callHook'
> = {
  listSchedules: async (context, { query }) => ({ schedules: await schedulesOf(context).list(query) }),
  foretellTimes: async ({ clock }, { body: { timing, count = usualUpcoming } }) => {
    const nowMs = clock.nowMs()
    checkTiming(timing, nowMs)
    return { upcomingMs: nextTimes(timing, nowMs, count) }
  },
  putSchedule: async (context, { path, body, caller }) => {
    const { timing, jitterMs, concurrency, catchUp, labels, paused, replace, task, secrets, commandLine, ...plan } = body
    const schedules = schedulesOf(context)
    const { token, ...schedule } = await schedules.add(
      {
        project: path.project,
        name: path.schedule,
        owner: caller.by,
        timing,
        ...(jitterMs === undefined ? {} : { jitterMs }),
        ...(concurrency === undefined ? {} : { concurrency }),
        ...(catchUp === undefined ? {} : { catchUp }),
        ...(labels === undefined ? {} : { labels }),
        ...(secrets === undefined ? {} : { secrets }),
        ...(paused === undefined ? {} : { isPaused: paused }),
        job: { ...plan, task: checkSources(await parseTask(task, 'The task')), commandLine: commandLine ?? [caller.via] },
      },
      { replace: replace ?? false },
    )
    return {
      schedule,
      upcomingMs: schedules.upcoming(schedule, usualUpcoming),
      path: token === undefined ? null : `${nativePrefix}/hooks/${token}`,
    }
  },
  getSchedule: async (context, { path, query: { upcoming = usualUpcoming, history = 20 } }) => {
    const schedules = schedulesOf(context)
    const schedule = await schedules.get(path.project, path.schedule)
    return {
      schedule,
      upcomingMs: schedules.upcoming(schedule, upcoming),
      history: await schedules.history(path.project, path.schedule, history),
    }
  },
  changeSchedule: (context, { path, body }) => {
    const schedules = schedulesOf(context)
    return body.paused ? schedules.pause(path.project, path.schedule) : schedules.resume(path.project, path.schedule)
  },
  fireSchedule: (context, { path }) => schedulesOf(context).fire(path.project, path.schedule),
  removeSchedule: async (context, { path }) => {
    await schedulesOf(context).remove(path.project, path.schedule)
    return {}
  },
  callHook: (context, { path, body }) => schedulesOf(context).call(path.token, { body }),
}

function schedulesOf({ schedules }: NativeContext): Schedules {
  if (schedules) return schedules
  throw new AppError(
    'permission_denied',
    'This server takes no schedules: everybody who reaches it could run programs on it. Start it with --token.',
  )
}
