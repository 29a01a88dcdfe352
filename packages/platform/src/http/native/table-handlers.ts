import { parseRunFilter, parseRunSort, type RunField, toWireNumber } from '@trainyard/contract'
import type { MetricAggregate, RunQuery } from '../../tracking/index.ts'
import type { SomeHandlers } from './bound-operation.ts'

const usualLimit = 100
const sampleSize = 500
const dayMs = 86_400_000

export const tableHandlers: SomeHandlers<
  | 'getTableWindow'
  | 'getTableOrder'
  | 'getTableRows'
  | 'getTableKeys'
  | 'getTableGroups'
  | 'getFieldValues'
  | 'getTableCounts'
  | 'getPulse'
> = {
  getTableWindow: async ({ tracking, clock }, { query: { columns, limit = usualLimit, ...rest } }) =>
    await tracking.table.window({ ...runQueryOf(rest, clock.nowMs()), limit }, fieldsOf(columns)),
  getTableOrder: async ({ tracking, clock }, { query }) => ({
    numbers: await tracking.table.order(runQueryOf(query, clock.nowMs())),
  }),
  getTableRows: async ({ tracking }, { body }) => ({ rows: await tracking.table.rows(body.numbers, fieldsOf(body.columns)) }),
  getTableKeys: async ({ tracking, clock }, { query: { sort: _sort, ...query } }) => {
    const numbers = await tracking.table.order({ ...runQueryOf(query, clock.nowMs()), limit: sampleSize })
    const [facts, goals] = [await tracking.table.sample(numbers), await tracking.table.goals(numbers)]
    return { sampled: numbers.length, facts, keys: await tracking.table.keys(), goals }
  },
  getTableGroups: async ({ tracking, clock }, { query: { by, metrics, ...query } }) => {
    const found = await tracking.table.groups(runQueryOf(query, clock.nowMs()), fieldsOf(by)[0]!, fieldsOf(metrics))
    const wire = ({ runCount, min, max, mean }: MetricAggregate) => ({
      runCount,
      min: toWireNumber(min),
      max: toWireNumber(max),
      mean: toWireNumber(mean),
    })
    const groups = found.groups.map((group) => ({ ...group, metrics: group.metrics.map((each) => each && wire(each)) }))
    return { ...found, groups }
  },
  getFieldValues: ({ tracking }, { query: { field, limit = 50 } }) => tracking.table.values(fieldsOf(field)[0]!, { limit }),
  getTableCounts: ({ tracking, clock }, { query: { failedSinceMs = clock.nowMs() - dayMs, ...rest } }) =>
    tracking.table.counts({ ...rest, failedSinceMs }),
  getPulse: async ({ tracking, clock }) => ({ ...(await tracking.table.pulse()), atMs: clock.nowMs() }),
}

function runQueryOf(
  { filter, sort, ...rest }: { filter?: string; sort?: string; project?: string; iterations?: boolean; trashed?: boolean },
  nowMs: number,
): Omit<RunQuery, 'limit' | 'cursor'> {
  const query: RunQuery = { ...rest }
  if (filter !== undefined && filter.trim() !== '') query.filter = parseRunFilter(filter, { nowMs })
  if (sort !== undefined && sort !== '') query.sort = parseRunSort(sort)
  return query
}

/** Fields are written as in a sort. */
const fieldsOf = (written: string | undefined): RunField[] =>
  written === undefined || written === '' ? [] : parseRunSort(written).map(({ field }) => field)
