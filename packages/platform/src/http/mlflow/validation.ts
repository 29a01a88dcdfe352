import { posix } from 'node:path'
import { invalid } from './errors.ts'

const keyPattern = /^[/\p{L}\p{M}\p{N}_.\- :]*$/u
const runIdPattern = /^[A-Za-z0-9][\p{L}\p{N}_-]{0,255}$/u

export const longestKey = 250
const longestParamValue = 6_000
const longestTagValue = 8_000

/** Keys that were checked before: programs log the same few again and again, and a look is ten times faster than the check. */
const knownKeys = new Set<string>()
const mostKnownKeys = 10_000

export const isKnownKey = (key: string): boolean => knownKeys.has(key)

/** Metric, parameter and tag keys; `path` is where it stands in the request. */
export function checkKey(key: string, path: string, entity: string): string {
  if (!keyPattern.test(key))
    throw invalid(
      `Invalid value ${JSON.stringify(key)} for parameter '${path}' supplied: Names may only contain alphanumerics, underscores (_), dashes (-), periods (.), spaces ( ), colon(:) and slashes (/).`,
    )
  // Most keys are plain names: nothing to normalise.
  if (key.includes('/') || key.startsWith('.')) {
    const normal = posix.normalize(key)
    if (normal !== key || normal === '.' || normal.startsWith('..') || normal.startsWith('/') || normal.endsWith('/'))
      throw invalid(
        `Invalid value ${JSON.stringify(key)} for parameter '${path}' supplied: Names may be treated as files in certain cases, and must not resolve to other names when treated as such. This name would resolve to '${normal.replace(/(.)\/$/, '$1')}'`,
      )
  }
  checkLength(key, entity, longestKey)
  if (knownKeys.size >= mostKnownKeys) knownKeys.clear()
  knownKeys.add(key)
  return key
}

export function checkLength(value: string, entity: string, longest: number): void {
  if (value.length > longest) throw invalid(`'${entity}' exceeds the maximum length of ${longest} characters`)
}

/** Longer values are cut, as clients of this protocol expect. */
export const cutParamValue = (value: string): string => value.slice(0, longestParamValue)
export const cutTagValue = (value: string): string => value.slice(0, longestTagValue)

export function checkRunId(runId: string): string {
  if (!runIdPattern.test(runId)) throw invalid(`Invalid value ${JSON.stringify(runId)} for parameter 'run_id' supplied.`)
  return runId
}

export function checkLimit(value: number, largest: number): number {
  if (value < 1 || value > largest)
    throw invalid(
      `Invalid value ${value} for parameter 'max_results' supplied. It must be ${value < 1 ? 'a positive integer' : `at most ${largest}`}.`,
    )
  return value
}

export function checkTimestamp(value: number, path: string): number {
  if (value < 0)
    throw invalid(`Got invalid timestamp ${value} for '${path}'. Timestamp must be a nonnegative long (64-bit integer) `)
  return value
}
