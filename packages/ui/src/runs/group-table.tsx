import { useQuery } from '@tanstack/react-query'
import { memo } from 'react'
import { printRunField, printRunFilter, type RunField, type RunFilter } from '@trainyard/contract'
import type { RunGroup } from '@trainyard/contract/native-api'
import { readNumber } from '../api/client.ts'
import { groupsQuery, type TableScope } from '../api/queries.ts'
import type { TableKeys } from '../api/types.ts'
import { Refusal } from '../app/error-page.tsx'
import { A, readable, usePath, useSearch } from '../app/link.tsx'
import { goalOf } from '../format/goal.ts'
import { decimalsFor, formatCount, formatNumber, formatValue } from '../format/number.ts'
import { Age } from '../ui/moment.tsx'
import { parseColumns } from './columns.ts'

const attributes = [
  ['experiment', 'experiment'],
  ['parent', 'sweep'],
  ['state', 'state'],
  ['owner', 'owner'],
  ['host', 'host'],
  ['project', 'project'],
] as const

/** By what the rows are put together. Fields with a value of their own in every run make no groups. */
export const GroupChoice = memo(function GroupChoice({
  value,
  keys,
  onChange,
}: {
  value: string | undefined
  keys: TableKeys | undefined
  onChange(field: string | undefined): void
}) {
  const fields = (keys?.facts ?? []).filter(
    ({ scope, distinctCount, runCount }) => scope !== 'metrics' && (distinctCount < runCount || distinctCount === 1),
  )
  const names = fields.map(({ scope, name }) => printRunField({ scope, name })).slice(0, 300)
  const isListed = value === undefined || names.includes(value) || attributes.some(([field]) => field === value)
  return (
    <select
      className="button"
      aria-label="Group by"
      title="Runs with one value in common as one row"
      value={value ?? ''}
      onChange={(event) => onChange(event.target.value || undefined)}
    >
      <option value="">No groups</option>
      {!isListed && <option value={value}>{value}</option>}
      {attributes.map(([field, label]) => (
        <option key={field} value={field}>
          by {label}
        </option>
      ))}
      {names.map((name) => (
        <option key={name} value={name}>
          by {name}
        </option>
      ))}
    </select>
  )
})

/** One row for each value of a field, with the best and the mean of the metrics that are columns. */
export function GroupTable({ scope, by, columns }: { scope: TableScope; by: string; columns: readonly RunField[] }) {
  const metrics = columns.filter((field) => field.scope === 'metrics').slice(0, 8)
  const { data, error } = useQuery(groupsQuery({ ...scope }, by, metrics.map(printRunField).join(',')))
  const [search] = useSearch()
  const path = usePath()
  const [field] = parseColumns(by)
  if (error) return <Refusal error={error} />
  if (!data || !field) return null
  const decimals = metrics.map((_, at) =>
    decimalsFor(
      data.groups.flatMap((group) => [
        readNumber(goalOf(metrics[at]!.name) === 'max' ? group.metrics[at]?.max : group.metrics[at]?.min) ?? Number.NaN,
        readNumber(group.metrics[at]?.mean) ?? Number.NaN,
      ]),
    ),
  )
  return (
    <div className="scroll groups">
      <table className="plain-table">
        <thead>
          <tr>
            <th scope="col">
              {attributes.find(([name]) => field.scope === 'attribute' && name === field.name)?.[1] ??
                (field.scope === 'attribute' ? field.name : by)}
            </th>
            <th scope="col" className="num">
              Runs
            </th>
            <th scope="col" className="num">
              Failed
            </th>
            {metrics.flatMap(({ name }) => [
              <th
                scope="col"
                className="num"
                key={`${name} best`}
                title={`The ${goalOf(name) === 'max' ? 'highest' : 'lowest'} ${name} of the group`}
              >
                {goalOf(name)} {name}
              </th>,
              <th scope="col" className="num" key={`${name} mean`}>
                mean
              </th>,
            ])}
            <th scope="col" className="num">
              Newest
            </th>
          </tr>
        </thead>
        <tbody>
          {data.groups.map((group) => (
            <tr key={JSON.stringify(group.value)}>
              <td className="strong">
                <A href={hrefOf(path, search, { filter: scope.filter, field, group })}>{labelOf(group)}</A>
              </td>
              <td className="num">
                {formatCount(group.runCount)}
                {group.running > 0 && <span className="muted"> · {formatCount(group.running)} running</span>}
              </td>
              <td className={group.failed > 0 ? 'num failed-text' : 'num muted'}>
                {group.failed > 0 ? formatCount(group.failed) : '–'}
              </td>
              {metrics.flatMap(({ name }, at) => {
                const found = group.metrics[at]
                const best = readNumber(goalOf(name) === 'max' ? found?.max : found?.min)
                const mean = readNumber(found?.mean)
                return [
                  <td className="num" key={`${name} best`} title={found ? `of ${found.runCount} runs with it` : undefined}>
                    {best === undefined ? '–' : formatNumber(best, decimals[at])}
                  </td>,
                  <td className="num muted" key={`${name} mean`}>
                    {mean === undefined ? '–' : formatNumber(mean, decimals[at])}
                  </td>,
                ]
              })}
              <td className="num">
                <Age atMs={group.newestAtMs} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {data.total > data.groups.length && (
        <p className="muted">
          The {formatCount(data.groups.length)} largest of {formatCount(data.total)} groups. A filter makes them fewer.
        </p>
      )}
    </div>
  )
}

const labelOf = ({ value, name }: RunGroup): string => (value === null ? 'none' : (name ?? formatValue(value)))

/** The runs of one group: the same view with one condition more, and without the groups. A sweep has a page of its own. */
function hrefOf(
  path: string,
  search: URLSearchParams,
  { filter, field, group: { value } }: { filter: string | undefined; field: RunField; group: RunGroup },
): string {
  if (field.scope === 'attribute' && field.name === 'parent' && typeof value === 'string') return `/runs/${value}`
  const condition = printRunFilter(conditionOf(field, value))
  const next = new URLSearchParams(search)
  next.delete('group')
  next.set('filter', filter === undefined ? condition : `(${filter}) and ${condition}`)
  return `${path}?${readable(next)}`
}

function conditionOf(field: RunField, value: RunGroup['value']): RunFilter {
  if (value === null) return { type: 'null', field, negated: false }
  return { type: 'comparison', field, operator: '=', value: typeof value === 'object' ? JSON.stringify(value) : value }
}
