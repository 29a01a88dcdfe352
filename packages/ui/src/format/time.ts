import { chosenZone } from './preferences.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs

const two = (value: number): string => String(Math.floor(value)).padStart(2, '0')

export function formatDuration(durationMs: number): string {
  const ms = Math.max(0, durationMs)
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < minuteMs) return `${(Math.floor(ms / 100) / 10).toFixed(1)} s`
  if (ms < hourMs) return `${Math.floor(ms / minuteMs)}m ${two((ms % minuteMs) / 1000)}s`
  if (ms < dayMs) return `${Math.floor(ms / hourMs)}h ${two((ms % hourMs) / minuteMs)}m`
  return `${Math.floor(ms / dayMs)}d ${Math.floor((ms % dayMs) / hourMs)}h`
}

export function formatAge(atMs: number, nowMs: number): string {
  const ms = nowMs - atMs
  if (ms < 10_000) return 'just now'
  if (ms < minuteMs) return `${Math.floor(ms / 1000)} s ago`
  if (ms < hourMs) return `${Math.floor(ms / minuteMs)} min ago`
  if (ms < dayMs) return `${Math.floor(ms / hourMs)} h ago`
  if (ms < 60 * dayMs) return `${Math.floor(ms / dayMs)} d ago`
  return formatDate(atMs)
}

const zone = chosenZone()
const inZone = zone === '' ? {} : { timeZone: zone }
const dateFormat = new Intl.DateTimeFormat('en-GB', { ...inZone, day: 'numeric', month: 'short', year: 'numeric' })
const toTheSecond = {
  day: 'numeric',
  month: 'short',
  year: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
} as const
const momentFormat = new Intl.DateTimeFormat('en-GB', { ...inZone, ...toTheSecond })
const clockFormat = new Intl.DateTimeFormat('en-GB', { ...inZone, hour: '2-digit', minute: '2-digit', second: '2-digit' })

export const formatDate = (atMs: number): string => dateFormat.format(atMs)
/** Local time, to the second. */
export const formatMoment = (atMs: number): string => momentFormat.format(atMs)
/** As a clock of that zone shows them. */
export const formatMomentsIn = (timeZone: string, momentsMs: readonly number[]): string[] => {
  const format = new Intl.DateTimeFormat('en-GB', { timeZone, ...toTheSecond })
  return momentsMs.map((atMs) => format.format(atMs))
}
export const formatClock = (atMs: number): string => clockFormat.format(atMs)
/** For titles: local and UTC. */
export const momentTitle = (atMs: number): string => `${formatMoment(atMs)} · ${new Date(atMs).toISOString()}`
export const timeZoneName = (): string => zone || Intl.DateTimeFormat().resolvedOptions().timeZone
