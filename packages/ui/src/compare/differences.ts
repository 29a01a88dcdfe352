import { readNumber } from '../api/client.ts'
import type { RunRecord } from '../api/types.ts'
import { goalOf, isBetter, isGoalKnown, isSystemMetric, mainMetric } from '../format/goal.ts'
import { decimalsFor, formatDifference, formatNumber, formatValue } from '../format/number.ts'
import { formatDuration } from '../format/time.ts'
import { varyingParameters } from '../run/sweep-facts.ts'

export interface Cell {
  text: string
  /** The first run is the base; signed, with what it means for the goal. */
  difference?: { text: string; isGood: boolean | undefined }
  differs: boolean
  isOdd: boolean
}

export interface Row {
  name: string
  mark: '▲' | '▼' | ''
  cells: Cell[]
  isEqual: boolean
}

export interface Section {
  title: string
  rows: Row[]
}

/** A run that another program logged says nothing of its code. */
const notRecorded = 'not recorded'

/** Everything of some runs side by side, with the first as the base. */
export function rowsOf(runs: readonly RunRecord[]): Section[] {
  const keysOf = (read: (run: RunRecord) => object): string[] =>
    [...new Set(runs.flatMap((run) => Object.keys(read(run))))].toSorted()
  return [
    {
      title: 'Results',
      rows: keysOf((run) => run.results)
        .filter((key) => !isSystemMetric(key))
        .map((key) => metricRow(runs, key)),
    },
    {
      title: 'Parameters',
      rows: keysOf((run) => run.parameters).map((key) =>
        textRow(
          key,
          runs.map((run) => formatValue(run.parameters[key])),
        ),
      ),
    },
    {
      title: 'Run',
      rows: [
        textRow(
          'state',
          runs.map((run) => run.state),
        ),
        textRow(
          'experiment',
          runs.map((run) => run.experiment),
        ),
        textRow(
          'took',
          runs.map((run) =>
            run.startedAtMs === null || run.endedAtMs === null ? '–' : formatDuration(run.endedAtMs - run.startedAtMs),
          ),
        ),
        textRow(
          'owner',
          runs.map((run) => run.owner),
        ),
        textRow(
          'host',
          runs.map((run) => run.host),
        ),
      ],
    },
    {
      title: 'Code and environment',
      rows: [
        textRow(
          'file',
          runs.map(({ code }) => (code ? (code.file ?? '–') : notRecorded)),
        ),
        textRow(
          'handler',
          runs.map(({ code }) => (code ? (code.handler ?? '–') : notRecorded)),
        ),
        textRow(
          'commit',
          runs.map(({ code }) => (code ? (code.git?.commit.slice(0, 10) ?? '–') : notRecorded)),
        ),
        textRow(
          'script',
          runs.map(({ code }) => (code ? (code.scriptSha256?.slice(0, 10) ?? '–') : notRecorded)),
        ),
        textRow(
          'interpreter',
          runs.map(({ environment }) => (environment ? formatValue(environment.interpreter?.['version']) : notRecorded)),
        ),
        textRow('packages that differ', packageDifferences(runs)),
      ],
    },
    {
      title: 'Labels',
      rows: keysOf((run) => run.labels)
        .filter((key) => !key.startsWith('mlflow.'))
        .map((key) =>
          textRow(
            key,
            runs.map((run) => run.labels[key] ?? '–'),
          ),
        ),
    },
    { title: 'Inputs', rows: inputRows(runs) },
    {
      title: 'System',
      rows: keysOf((run) => run.results)
        .filter(isSystemMetric)
        .map((key) => metricRow(runs, key)),
    },
  ].filter(({ rows }) => rows.length > 0)
}

function inputRows(runs: readonly RunRecord[]): Row[] {
  const keys = [...new Set(runs.flatMap((run) => run.inputs.map((input) => input.key)))].toSorted()
  return keys.map((key) =>
    textRow(
      key,
      runs.map((run) => {
        const input = run.inputs.find((each) => each.key === key)
        return input ? `${input.url}${input.sha256 ? ` ${input.sha256.slice(0, 8)}` : ''}` : '–'
      }),
    ),
  )
}

function packageDifferences(runs: readonly RunRecord[]): string[] {
  if (runs.some((run) => !run.environment?.packages))
    return runs.map((run) => (run.environment?.packages ? `${run.environment.packages.length} recorded` : notRecorded))
  const base = new Set(runs[0]?.environment?.packages ?? [])
  return runs.map((run) => {
    const own = run.environment?.packages ?? []
    const other = own.filter((name) => !base.has(name))
    return run === runs[0] ? '' : other.length === 0 && own.length === base.size ? '' : other.slice(0, 4).join(', ') || 'fewer'
  })
}

function textRow(name: string, texts: string[]): Row {
  const [base] = texts
  return {
    name,
    mark: '',
    isEqual: texts.every((text) => text === base),
    cells: texts.map((text) => ({ text, differs: text !== base, isOdd: false })),
  }
}

function metricRow(runs: readonly RunRecord[], key: string): Row {
  const values = runs.map((run) => (Object.hasOwn(run.results, key) ? readNumber(run.results[key]) : undefined))
  if (values.every((value) => value === undefined))
    return textRow(
      key,
      runs.map((run) => formatValue(run.results[key])),
    )
  const decimals = decimalsFor(values.filter((value) => value !== undefined))
  const [base] = values
  const cells = values.map((value, at): Cell => {
    if (value === undefined) return { text: '–', differs: base !== undefined, isOdd: false }
    const text = formatNumber(value, decimals)
    const differs = !Object.is(value, base)
    if (at === 0 || base === undefined || !Number.isFinite(value - base) || !differs)
      return { text, differs, isOdd: !Number.isFinite(value) }
    return {
      text,
      differs,
      isOdd: false,
      difference: {
        text: formatDifference(value - base, decimals),
        isGood: isGoalKnown(key) ? isBetter(key, value, base) : undefined,
      },
    }
  })
  return {
    name: key,
    mark: isGoalKnown(key) ? (goalOf(key) === 'max' ? '▲' : '▼') : '',
    cells,
    isEqual: values.every((value) => Object.is(value, base)),
  }
}

/** One sentence: what is the same, what differs, which is best. */
export function verdictOf(runs: readonly RunRecord[]): string {
  const code = likeness(
    'code',
    runs,
    (run) => run.code && `${run.code.git?.commit} ${run.code.scriptSha256} ${run.code.diffSha256}`,
  )
  const data = likeness('data', runs, ({ code: known, inputs }) =>
    known === null && inputs.length === 0 ? null : inputs.map((input) => `${input.url}${input.sha256}`).join(),
  )
  const environment = likeness('environment', runs, (run) => run.environment?.packages?.join() ?? null)
  const parameters = varyingParameters(runs)
  const names =
    parameters.length === 0
      ? 'no parameter differs'
      : parameters.length <= 3
        ? `${parameters.join(', ')} ${parameters.length === 1 ? 'differs' : 'differ'}`
        : `${parameters.length} parameters differ`
  const sentence = `${code}, ${data}, ${environment}; ${names}.`
  return `${sentence[0]!.toUpperCase()}${sentence.slice(1)}${bestSentence(runs)}`
}

/** What is not recorded is neither the same nor another. */
function likeness(what: string, runs: readonly RunRecord[], read: (run: RunRecord) => string | null): string {
  const known = runs.map(read)
  const missing = runs.filter((_, at) => known[at] === null)
  if (missing.length === runs.length) return `${what} not recorded`
  if (missing.length > 0)
    return `${what} not recorded for ${missing.length > 2 ? `${missing.length} runs` : missing.map(({ name }) => name).join(' and ')}`
  return `${new Set(known).size === 1 ? 'same' : 'different'} ${what}`
}

function bestSentence(runs: readonly RunRecord[]): string {
  const counts = new Map<string, number>()
  for (const run of runs)
    for (const [key, value] of Object.entries(run.results))
      if (typeof value === 'number') counts.set(key, (counts.get(key) ?? 0) + 1)
  const metric = mainMetric(Array.from(counts, ([name, runCount]) => ({ name, runCount })))
  if (metric === undefined) return ''
  const ranked = runs
    .flatMap((run) => (typeof run.results[metric] === 'number' ? [{ run, value: run.results[metric] }] : []))
    .toSorted((left, right) => (isBetter(metric, left.value, right.value) ? -1 : 1))
  const [first, second] = ranked
  if (!first || !second) return ''
  const decimals = decimalsFor(ranked.map(({ value }) => value))
  if (first.value === second.value) return ` ${metric} is the same for the best two: ${formatNumber(first.value, decimals)}.`
  return ` ${first.run.name} is best on ${metric}: ${formatNumber(first.value, decimals)}, ${formatDifference(first.value - second.value, decimals)} against the next.`
}
