import type { Schedule, Timing } from '@trainyard/contract/native-api'
import { formatDuration, formatMoment } from '../format/time.ts'

interface JobAsked {
  task?: { command?: string; function?: string; handler?: string }
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
