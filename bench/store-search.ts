import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RunField, RunFilter, RunSort } from '@trainyard/contract'
import { openSqliteDatabase } from '../packages/platform/src/database/index.ts'
import { createTracking } from '../packages/platform/src/tracking/create-tracking.ts'
import type { RunQuery, Tracking } from '../packages/platform/src/tracking/tracking.ts'
import { fillSearchStore } from './search-store.ts'

const runCount = 100_000
const repeats = 7

const metric = (number: number): RunField => ({ scope: 'metrics', name: `m${number}` })
const parameter = (number: number): RunField => ({ scope: 'params', name: `p${number}` })
const label = (name: string): RunField => ({ scope: 'labels', name })
type Operator = Extract<RunFilter, { type: 'comparison' }>['operator']
const compare = (field: RunField, operator: Operator, value: string | number): RunFilter => ({
  type: 'comparison',
  field,
  operator,
  value,
})
const all = (...filters: RunFilter[]): RunFilter => filters.reduce((left, right) => ({ type: 'and', left, right }))
const descending = (field: RunField): RunSort[] => [{ field, direction: 'descending' }]

/** Labels and how many of the runs carry them. */
const labels = [
  ['33%', compare(label('stage'), '=', 'dev')],
  ['12%', compare(label('team'), '=', 'ads')],
  ['0.1%', compare(label('rare'), '=', 'r7')],
  ['1 run', compare(label('unique'), '=', 'u777')],
  ['none', compare(label('team'), '=', 'nobody')],
] as const

/** Every combination of how much a metric, a parameter and a label leave, ordered by another metric. */
function combinations(): [name: string, query: RunQuery][] {
  return [0.9, 0.5, 0.1, 0.01].flatMap((metricShare) =>
    [0.9, 0.5, 0.1, 0.01].flatMap((parameterShare) =>
      labels.map(([labelShare, labelFilter]): [string, RunQuery] => [
        `metric ${metricShare * 100}%, parameter ${parameterShare * 100}%, label ${labelShare}`,
        {
          filter: all(compare(metric(2), '>', 1 - metricShare), compare(parameter(3), '<', 10_000 * parameterShare), labelFilter),
          sort: descending(metric(1)),
        },
      ]),
    ),
  )
}

const single: [name: string, query: RunQuery][] = [
  ['newest first, no filter (ls)', {}],
  ['ordered by metric, no filter', { sort: descending(metric(1)) }],
  ['metric > 0.5, ordered by it', { filter: compare(metric(1), '>', 0.5), sort: descending(metric(1)) }],
  ['parameter contains, no match', { filter: compare(parameter(8), 'contains', 'zzz'), sort: descending(metric(1)) }],
  ['ordered by a parameter', { filter: compare(metric(2), '>', 0.5), sort: descending(parameter(3)) }],
]

export interface Measured {
  name: string
  value: number
  unit: string
  baseline?: number
}

/** The middle of several tries, after one that warms the cache. */
async function medianMs(action: () => Promise<unknown>): Promise<number> {
  await action()
  const times: number[] = []
  for (let at = 0; at < repeats; at++) {
    const start = performance.now()
    await action()
    times.push(performance.now() - start)
  }
  return times.sort((left, right) => left - right)[repeats >> 1]!
}

/** First pages of 100 runs, of 100,000 with 10 metrics, 10 parameters and 5 labels each. The baseline of each search is a plain count of one index of 100,000 entries. */
export async function measure(): Promise<Measured[]> {
  const folder = await mkdtemp(join(tmpdir(), 'trainyard-bench-'))
  try {
    await using database = await openSqliteDatabase(join(folder, 'trainyard.db'))
    const filling = performance.now()
    await fillSearchStore(database, runCount)
    const fillSeconds = (performance.now() - filling) / 1000
    const tracking: Tracking = createTracking(database)
    const baseline = await medianMs(() =>
      database.read(({ kysely }) =>
        kysely
          .selectFrom('metric_series')
          .select(({ fn }) => fn.countAll().as('count'))
          .where('key', '=', 'm0')
          .where('last_value', '>=', 0)
          .execute(),
      ),
    )
    const measured: Measured[] = [{ name: `fill a store of ${runCount} runs`, value: fillSeconds, unit: 's' }]
    for (const [name, query] of single)
      measured.push({ name: `search: ${name}`, value: await medianMs(() => tracking.runs.search(query)), unit: 'ms', baseline })
    const grid: { name: string; value: number }[] = []
    for (const [name, query] of combinations()) grid.push({ name, value: await medianMs(() => tracking.runs.search(query)) })
    grid.sort((left, right) => left.value - right.value)
    const [middle, slowest] = [grid[grid.length >> 1]!, grid.at(-1)!]
    measured.push({
      name: `search: median of ${grid.length} combinations (${middle.name})`,
      value: middle.value,
      unit: 'ms',
      baseline,
    })
    measured.push({
      name: `search: slowest of ${grid.length} combinations (${slowest.name})`,
      value: slowest.value,
      unit: 'ms',
      baseline,
    })
    return measured
  } finally {
    await rm(folder, { recursive: true })
  }
}

if (import.meta.main) {
  for (const { name, value, unit, baseline } of await measure())
    console.log(
      `${value.toFixed(2).padStart(9)} ${unit.padEnd(3)} ${baseline === undefined ? '' : `(${(value / baseline).toFixed(2)} x baseline) `}${name}`,
    )
}
