import { useQuery } from '@tanstack/react-query'
import { Refusal } from '../app/error-page.tsx'
import { A, useSearch } from '../app/link.tsx'
import { formatValue } from '../format/number.ts'
import { comparisonQuery } from './queries.ts'
import type { ModelVersion } from './types.ts'

/** What is in the runs of both, in the order in which it matters to who decides. */
const sections = [
  ['results', 'Results'],
  ['parameters', 'Parameters'],
  ['signature', 'Signature'],
  ['inputs', 'Data'],
  ['code', 'Code'],
  ['packages', 'Packages'],
  ['environment', 'Environment'],
  ['tags', 'Tags'],
] as const

/** What a version is held against: what is asked for, else the one in production, else the one before it. */
export function baseOf(chosen: ModelVersion, versions: readonly ModelVersion[], wanted: number): ModelVersion | undefined {
  const others = versions.filter(({ version }) => version !== chosen.version)
  return (
    others.find(({ version }) => version === wanted) ??
    others.find(({ stage }) => stage === 'Production') ??
    others.find(({ version }) => version < chosen.version) ??
    others[0]
  )
}

/** The chosen version against another, and what differs between them. */
export function VersionComparison({ chosen, versions }: { chosen: ModelVersion; versions: readonly ModelVersion[] }) {
  const [search, change] = useSearch()
  const others = versions.filter(({ version }) => version !== chosen.version)
  const base = baseOf(chosen, versions, Number(search.get('against')))
  if (!base) return null
  return (
    <section className="card">
      <header>
        <h2>Version {chosen.version} against</h2>
        <select
          className="field small"
          aria-label="Against version"
          value={base.version}
          onChange={(event) => change({ against: event.target.value })}
        >
          {others.map(({ version, stage }) => (
            <option key={version} value={version}>
              {version}
              {stage === 'None' ? '' : ` (${stage})`}
            </option>
          ))}
        </select>
        {base.runId !== null && chosen.runId !== null && base.runId !== chosen.runId && (
          <A className="button small" href={`/compare?runs=${base.runId},${chosen.runId}`}>
            Compare their runs
          </A>
        )}
      </header>
      <Differences base={base} chosen={chosen} />
    </section>
  )
}

function Differences({ base, chosen }: { base: ModelVersion; chosen: ModelVersion }) {
  const { data, error } = useQuery(comparisonQuery(chosen.project, chosen.name, [base.version, chosen.version]))
  if (error)
    return (
      <div className="body">
        <Refusal error={error} />
      </div>
    )
  if (!data) return null
  const shown = sections.flatMap(([key, title]) => {
    const rows = (data.sections[key] ?? []).filter(({ differs }) => differs)
    return rows.length === 0 ? [] : [{ title, rows }]
  })
  const hasRuns = data.sections['results'] !== undefined
  return (
    <>
      {shown.length === 0 ? (
        <p className="body muted">
          {hasRuns
            ? 'Nothing differs in what was recorded.'
            : 'Their files and tags do not differ; not both have a run to compare.'}
        </p>
      ) : (
        // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- Scrolled by keyboard.
        <div className="scroll" tabIndex={0} role="region" aria-label="Versions compared">
          <table className="plain-table differences">
            <thead>
              <tr>
                <th scope="col">What differs</th>
                <th scope="col" className="num">
                  {base.version}
                </th>
                <th scope="col" className="num">
                  {chosen.version}
                </th>
              </tr>
            </thead>
            {shown.map(({ title, rows }) => (
              <tbody key={title}>
                <tr className="section">
                  <th scope="rowgroup" colSpan={3}>
                    {title}
                  </th>
                </tr>
                {rows.map(({ key, values }) => (
                  <tr key={key}>
                    <th scope="row">{key}</th>
                    {values.map((value, at) => (
                      // Two versions, in this order.
                      // oxlint-disable-next-line react/no-array-index-key
                      <td key={at} className="num">
                        {formatValue(value ?? undefined)}
                      </td>
                    ))}
                  </tr>
                ))}
              </tbody>
            ))}
          </table>
        </div>
      )}
    </>
  )
}
