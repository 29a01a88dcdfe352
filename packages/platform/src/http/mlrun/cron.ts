import { isJsonObject, type JsonObject, type JsonValue } from '@trainyard/contract'
import type { Timing } from '../../schedules/index.ts'
import { invalid } from './errors.ts'
import { textOf } from './json.ts'
import { readTime } from './times.ts'

type CronTiming = Extract<Timing, { kind: 'cron' }>

/** From the year down; what is not said below the last that is said is its first value, everything above it any. */
const fields = ['month', 'day', 'day_of_week', 'hour', 'minute', 'second'] as const
type Field = (typeof fields)[number]
const firstValues: Readonly<Record<Field, string>> = {
  month: '1',
  day: '1',
  day_of_week: '*',
  hour: '0',
  minute: '0',
  second: '0',
}

/** A schedule as this dialect's client writes it: a text of five fields, or an object. Weekdays are counted from Monday, which is 0. */
export function readCron(written: JsonValue): { timing: CronTiming; trigger: JsonObject; jitterMs?: number } {
  if (typeof written === 'string') {
    const parts = written.trim().split(/\s+/)
    if (parts.length !== 5)
      throw invalid(
        `The schedule '${written.slice(0, 80)}' has ${parts.length} fields; a cron expression has 5: minute, hour, day, month, weekday.`,
      )
    const [minute, hour, day, month, day_of_week] = parts as [string, string, string, string, string]
    return readCron({ minute, hour, day, month, day_of_week })
  }
  if (!isJsonObject(written))
    throw invalid('A schedule is a cron expression, or an object with minute, hour, day, month and day_of_week.')
  const said = (name: string): string | undefined => {
    const value = written[name]
    if (typeof value === 'number') return String(value)
    return textOf(value)
  }
  for (const name of ['year', 'week'])
    if (said(name) !== undefined && said(name) !== '*')
      throw invalid(`Schedules by '${name}' are not carried out; write month, day or day_of_week.`)
  const last = fields.findLastIndex((name) => said(name) !== undefined)
  if (last < 0) throw invalid('The schedule says no time: give at least one of month, day, day_of_week, hour, minute and second.')
  const at = Object.fromEntries(
    fields.map((name, place) => [name, said(name) ?? (place < last ? '*' : firstValues[name])]),
  ) as Record<Field, string>
  const expression = `${at.second} ${at.minute} ${at.hour} ${at.day} ${at.month} ${fromMonday(at.day_of_week)}`
  const [fromMs, untilMs] = [readTime(written['start_date']), readTime(written['end_date'])]
  const timeZone = textOf(written['timezone'])
  const { jitter } = written
  const trigger = Object.fromEntries(Object.entries(written).filter(([, value]) => value !== null))
  return {
    timing: {
      kind: 'cron',
      expression: at.second === '0' ? expression.slice(2) : expression,
      ...(timeZone === undefined ? {} : { timeZone }),
      ...(fromMs === undefined ? {} : { fromMs }),
      ...(untilMs === undefined ? {} : { untilMs }),
    },
    trigger,
    ...(typeof jitter === 'number' && jitter > 0 ? { jitterMs: jitter * 1_000 } : {}),
  }
}

/** Weekdays with numbers, counted from Sunday. */
const fromMonday = (text: string): string =>
  onDays(text, (day) => {
    if (day > 6) throw invalid(`The weekday ${day} does not exist: they are counted from Monday, 0, to Sunday, 6.`)
    return String(day + 1)
  })

/** Steps stay steps. */
const onDays = (text: string, move: (day: number) => string): string =>
  text
    .split(',')
    .map((part) => {
      const [range = '', ...steps] = part.split('/')
      return [range.replaceAll(/\d+/g, (day) => move(Number(day))), ...steps].join('/')
    })
    .join(',')

/** The fields of an expression, for schedules that another program has made. */
export function toTrigger(timing: Timing): JsonObject {
  if (timing.kind !== 'cron') return {}
  const parts = timing.expression.split(/\s+/)
  const [second, minute, hour, day, month, weekday] = parts.length === 6 ? parts : ['0', ...parts]
  const toMonday = onDays(weekday ?? '*', (each) => String((each + 6) % 7))
  return {
    second: second!,
    minute: minute ?? '*',
    hour: hour ?? '*',
    day: day ?? '*',
    month: month ?? '*',
    day_of_week: toMonday,
    ...(timing.timeZone === undefined ? {} : { timezone: timing.timeZone }),
  }
}
