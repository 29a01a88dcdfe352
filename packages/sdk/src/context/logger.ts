import { toJsonValue } from '../journal/json-value.ts'

export interface Logger {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void
  info(message: string, fields?: Readonly<Record<string, unknown>>): void
  warning(message: string, fields?: Readonly<Record<string, unknown>>): void
  error(message: string, fields?: Readonly<Record<string, unknown>>): void
}

/** Lines on standard output, which the run captures: `> 2026-01-31 12:00:00,000 [info] message {"field":1}`. Never throws. */
export const createLogger = (): Logger => ({
  debug: (message, fields) => print('debug', message, fields),
  info: (message, fields) => print('info', message, fields),
  warning: (message, fields) => print('warning', message, fields),
  error: (message, fields) => print('error', message, fields),
})

function print(level: string, message: string, fields: Readonly<Record<string, unknown>> = {}): void {
  const time = localTime(new Date())
  let tail = ''
  try {
    if (Object.keys(fields).length > 0) tail = ` ${JSON.stringify(toJsonValue(fields))}`
    process.stdout.write(`> ${time} [${level}] ${message}${tail}\n`)
  } catch (error) {
    process.stderr.write(`> ${time} [${level}] ${message} (fields cannot be shown: ${(error as Error).message})\n`)
  }
}

function localTime(now: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0')
  const date = `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`
  const milliseconds = String(now.getMilliseconds()).padStart(3, '0')
  return `${date} ${two(now.getHours())}:${two(now.getMinutes())}:${two(now.getSeconds())},${milliseconds}`
}
