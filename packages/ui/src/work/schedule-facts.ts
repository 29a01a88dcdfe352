import type { Schedule, Timing } from '@trainyard/contract/native-api'
import type { JsonObject, NotificationSpec } from '@trainyard/contract'
import { readFunctionReference } from '@trainyard/contract/function-reference'
import { inProject } from '../app/project.ts'
import { formatDuration, formatMoment, formatMomentsIn, timeZoneName } from '../format/time.ts'

type Receiver = Pick<NotificationSpec, 'kind' | 'name' | 'when' | 'condition' | 'params'>

interface JobAsked {
  task?: {
    command?: string
    function?: string
    handler?: string
    parameters?: JsonObject
    inputs?: JsonObject
    notifications?: Receiver[]
  }
  /** A kept function, as it was asked for. */
  function?: string
  code?: { name: string }
  commandLine?: string[]
}

/** The function or the script: a schedule's own name stands beside it. */
export function whatOf({ job }: Pick<Schedule, 'job'>): string {
  const { task, function: kept, code, commandLine } = job as JobAsked
  return (
    (kept ?? task?.function)?.replace(/^db:\/\//, '') ??
    code?.name ??
    (task?.command ?? commandLine?.[0])?.split('/').at(-1) ??
    task?.handler ??
    '–'
  )
}

/** The page of the function that it starts; undefined for one that starts a script. */
export function functionAddress({ job, project }: Pick<Schedule, 'job' | 'project'>): string | undefined {
  const { task, function: kept } = job as JobAsked
  const found = readFunctionReference(kept ?? task?.function ?? '')
  if (!found) return undefined
  const { project: place = project, name, hash } = found
  return inProject(place, `/functions/${encodeURIComponent(name)}${hash === undefined ? '' : `?version=${hash}`}`)
}

/** What is given to each run of it, and who is told of their ends. */
export function givenBy({ job }: Pick<Schedule, 'job'>): {
  parameters: JsonObject
  inputs: JsonObject
  receivers: readonly Receiver[]
} {
  const { parameters = {}, inputs = {}, notifications = [] } = (job as JobAsked).task ?? {}
  return { parameters, inputs, receivers: notifications }
}

/** Whose clock it goes by: of cron the one it names, else the reader's. */
export const zoneOf = (timing: Timing): string => (timing.kind === 'cron' ? (timing.timeZone ?? 'UTC') : timeZoneName())

/** Moments in the zone of a schedule, and in the reader's unless its clock shows the same. */
export function upcomingTexts(upcomingMs: readonly number[], zone: string, readerZone: string): { there: string; here?: string } {
  const [there, here] = [zone, readerZone].map((each) => formatMomentsIn(each, upcomingMs).join(' · '))
  return { there: `${there} (${zone})`, ...(here === there ? {} : { here: `${here} (${readerZone})` }) }
}

export function describeTiming(timing: Timing): string {
  switch (timing.kind) {
    case 'cron':
      return `${timing.expression}${timing.timeZone === undefined ? '' : ` ${timing.timeZone}`}`
    case 'interval':
      return `every ${wholeDuration(timing.everyMs)}`
    case 'once':
      return `at ${formatMoment(timing.atMs)}`
    case 'artifact':
      return `when ${timing.key ?? 'an artifact'}${timing.tag === undefined ? '' : `:${timing.tag}`} arrives`
    case 'model':
      return `when a version of ${timing.model ?? 'a model'} arrives`
    default:
      return 'when its webhook is called'
  }
}

/** It was asked for and not measured: `30 s` and `15m`, not `30.0 s` and `15m 00s`. */
const wholeDuration = (durationMs: number): string =>
  formatDuration(durationMs)
    .replace(/\.0 s$/, ' s')
    .replace(/ 0+[smh]$/, '')
