import type { RunField, Task } from '@trainyard/contract'
import { sql } from 'kysely'
import type { Reader } from '../database/index.ts'
import type { RunKeyFacts, RunKeyScope } from './run-table.ts'

const tables = { metrics: 'metric_series', params: 'parameters', labels: 'labels' } as const satisfies Record<RunKeyScope, string>
const scopes = Object.keys(tables) as RunKeyScope[]

/** Jumps from key to key in the index: the time depends on the number of keys, not of runs. */
export async function readKeyNames(reader: Reader): Promise<{ scope: RunKeyScope; name: string }[]> {
  const found: { scope: RunKeyScope; name: string }[] = []
  for (const scope of scopes) {
    const table = sql.raw(tables[scope])
    const rows = await reader.arrays({
      compile: () =>
        sql`with recursive keys(name) as (
          select min(key) from ${table}
          union all
          select (select min(key) from ${table} where key > keys.name) from keys where keys.name is not null
        ) select name from keys where name is not null`.compile(reader.kysely),
    })
    for (const [name] of rows) found.push({ scope, name: name as string })
  }
  return found
}

export async function readKeySample(reader: Reader, numbers: readonly number[]): Promise<RunKeyFacts[]> {
  const list = reader.dialect.numberList(numbers)
  const found: RunKeyFacts[] = []
  for (const scope of scopes) {
    const points = scope === 'metrics' ? sql`max(point_count)` : sql`0`
    const [number, text] = {
      metrics: ['last_value', 'last_value'],
      params: ['number', 'text'],
      labels: ['cast(null as double precision)', 'text'],
    }[scope]
    const rows = await reader.arrays({
      compile: () =>
        sql`select key, count(*), count(distinct ${sql.raw(text!)}), min(${sql.raw(number!)}), max(${sql.raw(number!)}), ${points}
          from ${sql.raw(tables[scope])} where run in ${list} group by key order by key`.compile(reader.kysely),
    })
    for (const [name, runCount, distinctCount, min, max, pointCount] of rows)
      found.push({
        scope,
        name: name as string,
        runCount: Number(runCount),
        distinctCount: Number(distinctCount),
        pointCount: Number(pointCount),
        min: min as number | null,
        max: max as number | null,
      })
  }
  return found
}

export async function readGoals(reader: Reader, numbers: readonly number[]): Promise<string[]> {
  const list = reader.dialect.numberList(numbers)
  const rows = await reader.arrays({
    compile: () =>
      sql`select d.task from runs as r join run_documents as d on d.run = r.number where r.kind = 'sweep' and d.task is not null
        and (r.number in ${list} or r.number in (select parent from runs where number in ${list} and parent is not null))`.compile(
        reader.kysely,
      ),
  })
  const counts = new Map<string, number>()
  for (const [task] of rows) {
    const selector = (JSON.parse(task as string) as Task).sweep?.selector
    const metric = selector?.replace(/^(?:max|min)\./, '')
    if (metric) counts.set(metric, (counts.get(metric) ?? 0) + 1)
  }
  return [...counts].sort(([, one], [, other]) => other - one).map(([metric]) => metric)
}

export async function readValues(
  reader: Reader,
  field: RunField,
  limit: number,
): Promise<{ values: string[]; min: number | null; max: number | null }> {
  if (field.scope === 'attribute') return { values: await attributeValues(reader, field.name, limit), min: null, max: null }
  if (field.scope === 'metrics' || field.scope === 'results') {
    const range = await rangeOf(reader, 'metric_series', 'last_value', field.name)
    return { values: [], ...range }
  }
  const table = tables[field.scope]
  const range = field.scope === 'params' ? await rangeOf(reader, table, 'number', field.name) : { min: null, max: null }
  const within = sql`from ${sql.raw(table)} where key = ${field.name}`
  const rows = await reader.arrays({
    compile: () =>
      sql`with recursive found(value, place) as (
        select (select min(text) ${within}), 1
        union all
        select (select min(text) ${within} and text > found.value), found.place + 1
          from found where found.value is not null and found.place < ${limit}
      ) select value from found where value is not null`.compile(reader.kysely),
  })
  return { values: rows.map(([value]) => value as string), ...range }
}

/** Both ends of an index. */
async function rangeOf(reader: Reader, table: string, column: string, key: string) {
  const end = (which: 'min' | 'max') =>
    sql`(select ${sql.raw(which)}(${sql.raw(column)}) from ${sql.raw(table)} where key = ${key} and ${sql.raw(column)} is not null)`
  const [row] = await reader.arrays({ compile: () => sql`select ${end('min')}, ${end('max')}`.compile(reader.kysely) })
  return { min: row![0] as number | null, max: row![1] as number | null }
}

const attributeSources: Record<string, string> = {
  name: 'select distinct name from runs where name > ',
  experiment: 'select distinct name from experiments where name > ',
  project: 'select distinct name from projects where name > ',
}

async function attributeValues(reader: Reader, name: string, limit: number): Promise<string[]> {
  const source = attributeSources[name]
  if (source === undefined) return []
  const rows = await reader.arrays({
    compile: () => sql`${sql.raw(source)} ${''} order by name limit ${limit}`.compile(reader.kysely),
  })
  return rows.map(([value]) => value as string)
}
