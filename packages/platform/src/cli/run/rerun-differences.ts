import type { JsonValue, RunRecord } from '@trainyard/contract'
import { formatValue } from '../output/format.ts'

const text = (value: JsonValue | undefined): string => formatValue(value)

function changedKeys(before: Readonly<Record<string, JsonValue>>, after: Readonly<Record<string, JsonValue>>): string[] {
  const keys = new Set([...Object.keys(before), ...Object.keys(after)])
  return [...keys].filter((key) => !key.startsWith('system/') && JSON.stringify(before[key]) !== JSON.stringify(after[key]))
}

function changedPackages(before: readonly string[], after: readonly string[]): string[] {
  const [old, now] = [new Set(before), new Set(after)]
  return [
    ...before.filter((name) => !now.has(name)).map((name) => `-${name}`),
    ...after.filter((name) => !old.has(name)).map((name) => `+${name}`),
  ]
}

/** What is not the same in a repeated run: code, interpreter, packages, machine, parameters, results. One line each. */
export function differences(before: RunRecord, after: RunRecord): string[] {
  const lines: string[] = []
  const differ = (what: string, old: string | undefined, now: string | undefined): void => {
    if (old !== undefined && now !== undefined && old !== now) lines.push(`${what}: ${old} → ${now}`)
  }
  differ('script', before.code?.scriptSha256?.slice(0, 12), after.code?.scriptSha256?.slice(0, 12))
  differ('commit', before.code?.git?.commit.slice(0, 12), after.code?.git?.commit.slice(0, 12))
  differ(
    'uncommitted changes',
    before.code?.git === undefined ? undefined : (before.code.diffSha256?.slice(0, 12) ?? 'none'),
    after.code?.git === undefined ? undefined : (after.code.diffSha256?.slice(0, 12) ?? 'none'),
  )
  const python = (run: RunRecord): string | undefined =>
    typeof run.environment?.interpreter?.['version'] === 'string' ? run.environment.interpreter['version'] : undefined
  differ('interpreter', python(before), python(after))
  differ('host', before.environment?.host, after.environment?.host)
  const packages = changedPackages(before.environment?.packages ?? [], after.environment?.packages ?? [])
  if (packages.length > 0 && before.environment !== null && after.environment !== null)
    lines.push(`packages: ${packages.slice(0, 10).join(' ')}${packages.length > 10 ? ` and ${packages.length - 10} more` : ''}`)
  for (const key of changedKeys(before.parameters, after.parameters))
    lines.push(`parameter ${key}: ${text(before.parameters[key])} → ${text(after.parameters[key])}`)
  for (const key of changedKeys(before.results, after.results))
    lines.push(`result ${key}: ${text(before.results[key])} → ${text(after.results[key])}`)
  if (lines.length === 0) return ['the same in code, environment, parameters and results']
  return lines
}
