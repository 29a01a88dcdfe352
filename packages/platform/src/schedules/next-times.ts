import { AppError } from '@trainyard/contract'
import { Cron } from 'croner'
import type { Timing } from './schedules.ts'

/** The last that a date holds. */
const lastMomentMs = 8_640_000_000_000_000
/** What may be named ends with the year 9999: so do times in text. */
const farthestMs = Date.UTC(10_000, 0) - 1
const longestIntervalMs = 100 * 366 * 86_400_000
const shortestIntervalMs = 1_000
const aliases = ['@yearly', '@annually', '@monthly', '@weekly', '@daily', '@midnight', '@hourly']

/**
 * The first time after `afterMs`, or null when there is none.
 *
 * Cron means wall-clock time. What is meant for fixed times of the day fires at the first moment behind a gap (clocks set forward) that
 * swallows it, and once when an hour comes twice; what repeats through the day (`*`, steps) fires as often as the day has such times.
 */
export function nextTime(timing: Timing, afterMs: number): number | null {
  switch (timing.kind) {
    case 'once':
      return timing.atMs > afterMs ? timing.atMs : null
    case 'interval':
      return nextOfInterval(timing, afterMs)
    case 'cron':
      return nextOfCron(timing, afterMs)
    default:
      return null
  }
}

/** Times after `afterMs`, at most `count` of them. */
export function nextTimes(timing: Timing, afterMs: number, count: number): number[] {
  const times: number[] = []
  for (let last: number | null = afterMs; times.length < count;) {
    last = nextTime(timing, last)
    if (last === null) break
    times.push(last)
  }
  return times
}

function nextOfInterval({ everyMs, fromMs = 0, untilMs }: Extract<Timing, { kind: 'interval' }>, afterMs: number): number | null {
  const next = afterMs < fromMs ? fromMs : fromMs + (Math.floor((afterMs - fromMs) / everyMs) + 1) * everyMs
  return next > lastMomentMs || (untilMs !== undefined && next >= untilMs) ? null : next
}

type CronTiming = Extract<Timing, { kind: 'cron' }>

/** Parsing takes longer than asking for a time. */
const parsed = new Map<string, Cron>()
const mostParsed = 20_000

function cronOf({ expression, timeZone = 'UTC' }: CronTiming): Cron {
  const key = `${timeZone} ${expression}`
  const known = parsed.get(key)
  if (known) return known
  const cron = new Cron(expression, { timezone: timeZone, mode: '5-or-6-parts', fixedTimeRule: 'no-wildcard', paused: true })
  if (parsed.size >= mostParsed) parsed.clear()
  parsed.set(key, cron)
  return cron
}

function nextOfCron(timing: CronTiming, afterMs: number): number | null {
  const { fromMs, untilMs } = timing
  const sinceMs = fromMs === undefined ? afterMs : Math.max(afterMs, fromMs - 1)
  // The library looks behind the whole second of what it is given.
  const next = cronOf(timing).nextRun(new Date(sinceMs))?.getTime() ?? null
  return next === null || (untilMs !== undefined && next >= untilMs) ? null : next
}

/** Refuses, in one sentence, what is no time or never comes. */
export function checkTiming(timing: Timing, nowMs: number): void {
  for (const field of ['fromMs', 'untilMs', 'atMs'] as const) {
    const value = (timing as Partial<Record<typeof field, unknown>>)[field]
    if (value !== undefined && !(Number.isSafeInteger(value) && Math.abs(value as number) <= farthestMs))
      throw new AppError('invalid_argument', `The schedule's ${field} is no time in milliseconds before the year 10000.`)
  }
  if (timing.kind === 'interval') checkInterval(timing.everyMs)
  if (timing.kind === 'cron') checkCron(timing)
  const isTimed = timing.kind === 'cron' || timing.kind === 'interval' || timing.kind === 'once'
  if (isTimed && nextTime(timing, nowMs) === null) throw new AppError('invalid_argument', neverSentence(timing))
}

function checkInterval(everyMs: number): void {
  if (!Number.isSafeInteger(everyMs))
    throw new AppError('invalid_argument', "The schedule's everyMs is no whole number of milliseconds.")
  if (everyMs < shortestIntervalMs)
    throw new AppError('invalid_argument', `An interval is at least one second, not ${everyMs} ms.`)
  if (everyMs > longestIntervalMs)
    throw new AppError('invalid_argument', `The schedule's everyMs is at most ${longestIntervalMs}, 100 years, not ${everyMs}.`)
}

function neverSentence(timing: Timing): string {
  if (timing.kind === 'once') return `The schedule would never fire: ${new Date(timing.atMs).toISOString()} has passed.`
  if (timing.kind === 'cron')
    return `The schedule would never fire: no time fits "${timing.expression}"${timing.untilMs === undefined ? ', for example a 30th of February' : ' before its end'}.`
  return 'The schedule would never fire: its end comes before its first time.'
}

function checkCron(timing: CronTiming): void {
  const { expression, timeZone = 'UTC' } = timing
  if (expression.length > 1_000) throw new AppError('invalid_argument', 'A cron expression has at most 1,000 characters.')
  if (expression.startsWith('@') && !aliases.includes(expression.toLowerCase()))
    throw new AppError('invalid_argument', `There is no cron alias "${expression}"; there are ${aliases.join(', ')}.`)
  if (expression.includes('?'))
    throw new AppError('invalid_argument', `"${expression}": a ? would mean another time on each server; write * instead.`)
  try {
    void new Intl.DateTimeFormat('en', { timeZone }).format(0)
  } catch (error) {
    throw new AppError('invalid_argument', `There is no time zone "${timeZone}"; write its name, such as Europe/Berlin or UTC.`, {
      cause: error,
    })
  }
  const fields = expression.trim().split(/\s+/).length
  if (!expression.startsWith('@') && fields !== 5 && fields !== 6)
    throw new AppError(
      'invalid_argument',
      `"${expression}" has ${fields} fields; a cron expression has five (minute hour day month weekday) or six, with seconds first.`,
    )
  try {
    cronOf(timing)
  } catch (error) {
    const told = error instanceof Error ? error.message.replace(/^CronPattern: /, '') : String(error)
    throw new AppError('invalid_argument', `"${expression}" is no cron expression: ${told}`, { cause: error })
  }
}
