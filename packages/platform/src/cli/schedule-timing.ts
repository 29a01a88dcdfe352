import type { Command } from 'commander'
import { AppError } from '@trainyard/contract'
import type { Timing } from '../schedules/index.ts'
import { parseDuration } from './option-values.ts'
import { formatDuration, formatTime } from './output/format.ts'

export interface TimingOptions {
  cron?: string
  timeZone?: string
  every?: string
  at?: string
  onArtifact?: string
  onModel?: string
  onWebhook?: boolean
}

export function addTimingOptions(command: Command): void {
  command
    .option(
      '--cron <expression>',
      "five fields ('0 3 * * *'), six with seconds first, or @hourly, @daily, @weekly, @monthly, @yearly",
    )
    .option('--time-zone <name>', 'the time zone of --cron, such as Europe/Berlin (default: UTC)')
    .option('--every <duration>', 'again and again: 90s, 10m, 2h')
    .option('--at <time>', 'once: 2030-01-01T08:00:00Z')
    .option('--on-artifact <key[:tag]>', 'when an artifact of that key is logged; * for any')
    .option('--on-model <name>', 'when a version of that model is registered; * for any')
    .option('--on-webhook', 'when somebody sends a request to an address that is told once')
}

export function parseTiming(options: TimingOptions): Timing {
  const { cron, timeZone, every, at, onArtifact, onModel, onWebhook } = options
  const given: Timing[] = [
    ...(cron === undefined ? [] : [{ kind: 'cron', expression: cron, ...(timeZone === undefined ? {} : { timeZone }) } as const]),
    ...(every === undefined ? [] : [{ kind: 'interval', everyMs: parseDuration(every, '--every') } as const]),
    ...(at === undefined ? [] : [{ kind: 'once', atMs: parseMoment(at) } as const]),
    ...(onArtifact === undefined ? [] : [artifactTiming(onArtifact)]),
    ...(onModel === undefined ? [] : [{ kind: 'model', ...(onModel === '*' ? {} : { model: onModel }) } as const]),
    ...(onWebhook === true ? [{ kind: 'webhook' } as const] : []),
  ]
  const [timing, other] = given
  if (timing === undefined || other !== undefined)
    throw new AppError(
      'invalid_argument',
      'Say when: exactly one of --cron, --every, --at, --on-artifact, --on-model and --on-webhook.',
    )
  if (timeZone !== undefined && timing.kind !== 'cron')
    throw new AppError(
      'invalid_argument',
      '--time-zone belongs to --cron; the time of --at carries its own, as in 2030-01-01T08:00:00+01:00.',
    )
  return timing
}

function artifactTiming(text: string): Timing {
  const colon = text.lastIndexOf(':')
  const [key, tag] = colon > 0 ? [text.slice(0, colon), text.slice(colon + 1)] : [text, undefined]
  return { kind: 'artifact', ...(key === '*' ? {} : { key }), ...(tag === undefined ? {} : { tag }) }
}

/** With its zone: what no zone is told of would mean another moment on each machine. */
function parseMoment(text: string): number {
  const isWhole = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)$/i.test(text.trim())
  const atMs = isWhole ? Date.parse(text.trim().replace(' ', 'T')) : Number.NaN
  if (Number.isNaN(atMs))
    throw new AppError(
      'invalid_argument',
      `--at ${text}: expected a time with its zone, such as 2030-01-01T08:00:00Z or …+01:00.`,
    )
  return atMs
}

export function describeTiming(timing: Timing): string {
  switch (timing.kind) {
    case 'cron':
      return `${timing.expression} ${timing.timeZone ?? 'UTC'}`
    case 'interval':
      return `every ${formatDuration(timing.everyMs).replace(/\.0 s$/, ' s')}`
    case 'once':
      return `once at ${formatTime(timing.atMs)}`
    case 'artifact':
      return `on artifact ${timing.key ?? '*'}${timing.tag === undefined ? '' : `:${timing.tag}`}`
    case 'model':
      return `on model ${timing.model ?? '*'}`
    case 'webhook':
      return 'on webhook'
    default:
      return timing satisfies never
  }
}
