import type { EnvironmentInfo, JsonValue, RunRecord } from '@trainyard/contract'

/** One row: the value of every run, null where a run has none. */
export interface ComparedRow {
  key: string
  values: (JsonValue | null)[]
  differs: boolean
}

/** What is the same and what differs between runs. Pure: the JSON of `compare` and its page both come from it. */
export interface Comparison {
  runs: { id: string; name: string; state: string; createdAtMs: number }[]
  parameters: ComparedRow[]
  results: ComparedRow[]
  labels: ComparedRow[]
  inputs: ComparedRow[]
  code: ComparedRow[]
  environment: ComparedRow[]
  /** Packages whose versions differ; null where it is not installed. None when a run's packages are not known (a client's run). */
  packages: ComparedRow[]
}

export function compareRuns(runs: readonly RunRecord[]): Comparison {
  return {
    runs: runs.map(({ id, name, state, createdAtMs }) => ({ id, name, state, createdAtMs })),
    parameters: compareRecords(runs.map((run) => run.parameters)),
    results: compareRecords(runs.map((run) => run.results)),
    labels: compareRecords(runs.map((run) => run.labels)),
    inputs: compareRecords(
      runs.map((run) => Object.fromEntries(run.inputs.map((input) => [input.key, input.sha256 ?? input.url]))),
    ),
    code: compareRecords(runs.map(codeFacts)),
    environment: compareRecords(runs.map((run) => environmentFacts(run.environment))),
    packages: runs.every(hasPackages)
      ? compareRecords(runs.map((run) => packageVersions(run.environment))).filter((row) => row.differs)
      : [],
  }
}

/** Keys in order of first appearance. */
export const keysOf = (records: readonly Record<string, JsonValue>[]): string[] => [
  ...new Set(records.flatMap((record) => Object.keys(record))),
]

/** Rows that differ first; within the two groups in order of first appearance. */
export function compareRecords(records: readonly Record<string, JsonValue>[]): ComparedRow[] {
  const rows = keysOf(records).map((key): ComparedRow => {
    const values = records.map((record) => record[key] ?? null)
    return { key, values, differs: values.some((value) => !sameValue(value, values[0] ?? null)) }
  })
  return [...rows.filter((row) => row.differs), ...rows.filter((row) => !row.differs)]
}

/** NaN equals NaN here; the order of keys in objects does not matter. */
export function sameValue(left: JsonValue, right: JsonValue): boolean {
  if (Object.is(left, right) || left === right) return true
  if (left === null || right === null || typeof left !== 'object' || typeof right !== 'object') return false
  if (Array.isArray(left) !== Array.isArray(right)) return false
  const [leftEntries, rightRecord] = [Object.entries(left), new Map(Object.entries(right))]
  return (
    leftEntries.length === rightRecord.size &&
    leftEntries.every(([key, value]) => rightRecord.has(key) && sameValue(value, rightRecord.get(key)!))
  )
}

function codeFacts({ code }: RunRecord): Record<string, JsonValue> {
  if (code === null) return {}
  return {
    ...(code.file === undefined ? {} : { file: code.file }),
    ...(code.handler === undefined ? {} : { handler: code.handler }),
    ...(code.scriptSha256 === undefined ? {} : { 'script sha-256': code.scriptSha256 }),
    ...(code.git === undefined ? {} : { 'git commit': code.git.commit, 'uncommitted changes': code.git.dirty }),
  }
}

function environmentFacts(environment: EnvironmentInfo | null): Record<string, JsonValue> {
  if (environment === null) return {}
  // Why an interpreter was taken says less than which one it is.
  const { interpreter: _reason, ...choices } = environment.choices
  const { version, executable } = environment.interpreter ?? {}
  return {
    interpreter: typeof version !== 'string' ? null : typeof executable === 'string' ? `${version}, ${executable}` : version,
    system: environment.operatingSystem,
    host: environment.host,
    processor: `${environment.cpuCount} × ${environment.cpuModel}`,
    ...choices,
  }
}

const hasPackages = ({ environment }: RunRecord): boolean => (environment?.packages ?? []).length > 0

const packageVersions = (environment: EnvironmentInfo | null): Record<string, JsonValue> =>
  Object.fromEntries(
    (environment?.packages ?? []).map((entry) => {
      const at = entry.indexOf('==')
      return at === -1 ? [entry, true] : [entry.slice(0, at), entry.slice(at + 2)]
    }),
  )
