import { type Static, Type } from 'typebox'
import { jobRequest } from './job-operations.ts'
import { area, closed } from './operation.ts'
import { integer, jsonValue, nullable, runId, runState, texts, timeMs } from './schemas.ts'

const schedules = area('Schedules')

const time = Type.Optional(timeMs)
const kind = <Kind extends string>(name: Kind) => Type.Literal(name)

export const timing = Type.Union([
  closed({
    kind: kind('cron'),
    expression: Type.String({
      maxLength: 1_000,
      description: 'Five fields, six with seconds first, or an alias such as @daily.',
    }),
    timeZone: Type.Optional(Type.String({ maxLength: 100, description: 'Such as Europe/Berlin; UTC unless said.' })),
    fromMs: time,
    untilMs: time,
  }),
  closed({ kind: kind('interval'), everyMs: integer({ minimum: 1_000 }), fromMs: time, untilMs: time }),
  closed({ kind: kind('once'), atMs: timeMs }),
  closed({ kind: kind('artifact'), key: Type.Optional(Type.String()), tag: Type.Optional(Type.String()) }),
  closed({ kind: kind('model'), model: Type.Optional(Type.String()) }),
  closed({ kind: kind('webhook') }),
])

const policies = {
  jitterMs: Type.Optional(integer({ minimum: 0, maximum: 86_400_000 })),
  concurrency: Type.Optional(Type.Enum(['allow', 'forbid', 'replace'], { description: 'When a run of it is still at work.' })),
  catchUp: Type.Optional(Type.Enum(['none', 'latest', 'all'], { description: 'Which missed times are made up for.' })),
}

const schedule = Type.Object({
  project: Type.String(),
  name: Type.String(),
  owner: Type.String(),
  state: Type.Enum(['active', 'paused', 'ended']),
  timing: Type.Unknown({ description: 'When: see addSchedule.' }),
  jitterMs: Type.Integer(),
  concurrency: Type.Enum(['allow', 'forbid', 'replace']),
  catchUp: Type.Enum(['none', 'latest', 'all']),
  job: Type.Unknown({ description: 'What is asked for each time: as in submitJob, without values of secrets.' }),
  secretNames: Type.Array(Type.String()),
  labels: texts,
  nextAtMs: nullable(timeMs),
  createdAtMs: timeMs,
  updatedAtMs: timeMs,
})

const firing = Type.Object({
  plannedAtMs: timeMs,
  firedAtMs: timeMs,
  cause: Type.String(),
  outcome: Type.Enum(['started', 'skipped', 'failed']),
  runId: nullable(runId),
  runState: nullable(runState),
  reason: nullable(Type.String()),
})

const listed = Type.Object({
  ...schedule.properties,
  last: nullable(firing),
  upcomingMs: Type.Array(timeMs),
})

export type Timing = Static<typeof timing>
export type Schedule = Static<typeof listed>
export type Firing = Static<typeof firing>

const one = '/schedules/{project}/{schedule}'

export const scheduleOperations = {
  listSchedules: schedules({
    method: 'GET',
    path: '/schedules',
    summary: 'Schedules, by project and name, each with what it fired last and its next times',
    query: closed({
      project: Type.Optional(Type.String()),
      limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000 })),
      after: Type.Optional(Type.String({ description: 'Names behind this one, with `project`.' })),
    }),
    answer: Type.Object({ schedules: Type.Array(listed) }),
  }),
  foretellTimes: schedules({
    method: 'POST',
    path: '/schedules/times',
    isRead: true,
    summary: 'When a schedule of this timing would fire next, without jitter; what is no timing or never comes is refused',
    body: closed({ timing, count: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, description: '5 unless said.' })) }),
    answer: Type.Object({ upcomingMs: Type.Array(timeMs) }),
  }),
  putSchedule: schedules({
    method: 'PUT',
    path: one,
    summary: 'Make a schedule, or with `replace` change it. The address of a webhook is told this once',
    body: closed({
      ...jobRequest,
      function: Type.Optional(
        Type.String({
          maxLength: 1_000,
          description: 'Instead of code: db://project/name:tag. Each time it is the version that this leads to by then.',
        }),
      ),
      timing,
      ...policies,
      labels: Type.Optional(texts),
      paused: Type.Optional(Type.Boolean()),
      replace: Type.Optional(Type.Boolean()),
    }),
    answer: Type.Object({ schedule, upcomingMs: Type.Array(timeMs), path: nullable(Type.String()) }),
  }),
  getSchedule: schedules({
    method: 'GET',
    path: one,
    summary: 'One schedule with its next times and what it has fired, newest first',
    query: closed({
      upcoming: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000 })),
      history: Type.Optional(Type.Integer({ minimum: 0, maximum: 100 })),
    }),
    answer: Type.Object({ schedule, upcomingMs: Type.Array(timeMs), history: Type.Array(firing) }),
  }),
  changeSchedule: schedules({
    method: 'PATCH',
    path: one,
    summary: 'Pause a schedule, or let it go on. What was due meanwhile is not made up for',
    body: closed({ paused: Type.Boolean() }),
    answer: schedule,
  }),
  fireSchedule: schedules({
    method: 'POST',
    path: `${one}/fire`,
    summary: 'Fire a schedule now, beside its times',
    answer: firing,
  }),
  removeSchedule: schedules({
    method: 'DELETE',
    path: one,
    summary: 'Remove a schedule. Runs that it started stay',
  }),
  callHook: schedules({
    method: 'POST',
    path: '/hooks/{token}',
    summary: 'Fire the schedule of a webhook. What is sent is {{trigger.body}} to its task',
    body: jsonValue,
    answer: firing,
  }),
}
