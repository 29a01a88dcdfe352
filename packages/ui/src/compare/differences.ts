import { readNumber } from '../api/client.ts'
import type { RunRecord } from '../api/types.ts'
import { goalOf, isBetter, isGoalKnown, isSystemMetric } from '../format/goal.ts'
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
          runs.map((run) => (run.parameters[key] === '' ? '""' : formatValue(run.parameters[key]))),
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
        ...(runs.some(({ sweep }) => sweep?.bestRunId)
          ? [
              textRow(
                'values',
                runs.map(({ sweep }) => (sweep?.bestRunId ? `of its best, iteration ${sweep.bestIteration}` : 'its own')),
              ),
            ]
          : []),
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

/** One sentence: what is the same, what differs, which is best on what they are about. */
export function verdictOf(runs: readonly RunRecord[], goal: string | undefined): string {
  const facts = [
    likeness('code', runs, ({ code }) => code && `${code.git?.commit} ${code.scriptSha256} ${code.diffSha256}`),
    likeness('data', runs, ({ code, inputs }) =>
      code === null && inputs.length === 0 ? null : inputs.map((input) => `${input.url}${input.sha256}`).join(),
    ),
    likeness('environment', runs, (run) => run.environment?.packages?.join() ?? null),
  ]
  const parameters = varyingParameters(runs)
  const names =
    parameters.length === 0
      ? 'no parameter differs'
      : parameters.length <= 3
        ? `${parameters.join(', ')} ${parameters.length === 1 ? 'differs' : 'differ'}`
        : `${parameters.length} parameters differ`
  const known = facts.flatMap(({ what, isSame }) => (isSame === undefined ? [] : `${isSame ? 'same' : 'different'} ${what}`))
  // What is not recorded is neither the same nor another; each group of runs is named once.
  const gaps = Map.groupBy(
    facts.filter(({ missing }) => missing !== ''),
    ({ missing }) => missing,
  )
  const unknown = Array.from(gaps, ([who, gap]) => `${listed(gap.map(({ what }) => what))} not recorded for ${who}`)
  const handlers = new Set(runs.flatMap(({ code }) => code?.handler ?? []))
  const isOtherHandler = facts[0]!.isSame === true && handlers.size > 1
  if (isOtherHandler) known[0] = 'same file, another handler'
  const sentence = `${[...known, ...unknown].join(', ')}; ${names}.`
  return `${sentence[0]!.toUpperCase()}${sentence.slice(1)}${goal === undefined ? '' : bestSentence(runs, goal)}`
}

const listed = (words: readonly string[]): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`

interface Likeness {
  what: string
  /** Undefined: not recorded for all of them. */
  isSame: boolean | undefined
  /** Those without it, in words. */
  missing: string
}

function likeness(what: string, runs: readonly RunRecord[], read: (run: RunRecord) => string | null): Likeness {
  const values = runs.map(read)
  const without = runs.filter((_, at) => values[at] === null).map(({ name }) => name)
  const isAll = without.length === runs.length
  const missing = isAll ? 'any of them' : without.length > 2 ? `${without.length} of them` : listed(without)
  return { what, missing, isSame: without.length > 0 ? undefined : new Set(values).size === 1 }
}

function bestSentence(runs: readonly RunRecord[], metric: string): string {
  const ranked = runs
    .flatMap((run) => (typeof run.results[metric] === 'number' ? [{ run, value: run.results[metric] }] : []))
    .toSorted((left, right) => (isBetter(metric, left.value, right.value) ? -1 : 1))
  const [first, second] = ranked
  if (!first || !second) return ''
  const decimals = decimalsFor(ranked.map(({ value }) => value))
  if (first.value === second.value) return ` ${metric} is the same for the best two: ${formatNumber(first.value, decimals)}.`
  return ` ${first.run.name} is best on ${metric}: ${formatNumber(first.value, decimals)}, ${formatDifference(first.value - second.value, decimals)} against the next.`
}
