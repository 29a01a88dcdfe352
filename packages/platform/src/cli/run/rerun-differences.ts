import type { JsonValue, RunRecord } from '@trainyard/contract'
import { type Tracking, withGround } from '../../tracking/index.ts'
import { countOf, formatValue } from '../output/format.ts'

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

export interface RepeatedRun {
  /** An iteration with the code and environment of its sweep. */
  run: RunRecord
  /** Of a sweep, in their order. */
  iterations: readonly RunRecord[]
}

export const withIterations = async (runs: Tracking['runs'], run: RunRecord): Promise<RepeatedRun> => ({
  run: await withGround(runs, run),
  iterations: run.kind === 'sweep' ? await runs.children(run.id) : [],
})

const mostIterations = 10

/** What came out of the same iteration: its results, or that it ended otherwise or was not there. One line for each iteration. */
function changedIterations(before: readonly RunRecord[], after: readonly RunRecord[]): string[] {
  const [old, now] = [before, after].map((runs) => new Map(runs.map((run) => [run.iteration, run])))
  const numbers = [...new Set([...old!.keys(), ...now!.keys()])].sort((one, other) => one - other)
  const lines = numbers.flatMap((number) => {
    const [was, is] = [old!.get(number), now!.get(number)]
    const said = (was?.state ?? 'none') === (is?.state ?? 'none') ? [] : [`${was?.state ?? 'none'} → ${is?.state ?? 'none'}`]
    const [had, has] = [was?.results ?? {}, is?.results ?? {}]
    for (const key of changedKeys(had, has)) said.push(`${key} ${text(had[key])} → ${text(has[key])}`)
    return said.length === 0 ? [] : [`iteration ${number}: ${said.join(', ')}`]
  })
  const left = lines.length - mostIterations
  return left <= 0 ? lines : [...lines.slice(0, mostIterations), `and ${countOf(left, 'more iteration')}`]
}

/** What is not the same in a repeated run: code, interpreter, packages, machine, parameters, results. One line each. */
export function differences({ run: before, ...was }: RepeatedRun, { run: after, ...is }: RepeatedRun): string[] {
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
  lines.push(...changedIterations(was.iterations, is.iterations))
  if (lines.length === 0) return ['the same in code, environment, parameters and results']
  return lines
}
