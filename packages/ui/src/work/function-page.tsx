import { useQuery } from '@tanstack/react-query'
import type { JsonValue, LineChange } from '@trainyard/contract'
import { useParams } from '@tanstack/react-router'
import { useState } from 'react'
import { get, post } from '../api/client.ts'
import { MissingPage, Refusal } from '../app/error-page.tsx'
import { A, useSearch } from '../app/link.tsx'
import { inProject, useProject } from '../app/project.ts'
import { terminalCommand } from '../format/command.ts'
import { formatValue } from '../format/number.ts'
import { Code } from '../ui/code.tsx'
import { Snippet } from '../ui/copy.tsx'
import { LineChanges } from '../ui/line-changes.tsx'
import { Markdown } from '../ui/markdown.tsx'
import { Age } from '../ui/moment.tsx'
import { FunctionRunSheet } from './function-run-sheet.tsx'
import { FunctionRuns } from './function-runs.tsx'
import { Parameters } from './function-parameters.tsx'
import { FunctionScheduleSheet } from './schedule-sheet.tsx'
import type { FunctionVersion } from '@trainyard/contract/native-api'

/** One function: its code and how it runs, its versions and what differs between them, a form to run it. */
export function FunctionPage() {
  const project = useProject() ?? 'default'
  const { function: name = '' } = useParams({ strict: false })
  const [search, change] = useSearch()
  const hash = search.get('version') ?? undefined
  const against = search.get('against') ?? undefined
  const [isRunning, setRunning] = useState(false)
  const [isScheduling, setScheduling] = useState(false)
  const address = `/functions/${encodeURIComponent(name)}`
  const { data: shown, error } = useQuery({
    queryKey: ['function', project, name, hash],
    queryFn: ({ signal }) => get<FunctionVersion>(address, { project, hash }, signal),
    retry: false,
  })
  const { data: versions = [] } = useQuery({
    queryKey: ['function versions', project, name],
    queryFn: async ({ signal }) =>
      (await get<{ functions: FunctionVersion[] }>('/functions', { project, name, versions: true, limit: 200 }, signal))
        .functions,
    retry: false,
  })
  if (error)
    return (
      <MissingPage title={`No function ${name} in ${project}`} error={error}>
        <A className="button" href={inProject(project, '/functions')}>
          All functions
        </A>
      </MissingPage>
    )
  if (!shown) return null
  const { spec } = shown
  return (
    <>
      <div className="page-head">
        <h1>{name}</h1>
        <span className="facts">
          {shown.kind} · <A href={inProject(project, '/functions')}>{project}</A>
        </span>
        <div className="actions">
          <button type="button" className="button" onClick={() => setScheduling(true)}>
            Schedule
          </button>
          <button type="button" className="button primary" onClick={() => setRunning(true)}>
            Run
          </button>
        </div>
      </div>
      <div className="page-body">
        <div className="function-page">
          <div className="stack">
            {spec.description && <p>{spec.description}</p>}
            <Parameters spec={spec} />
            <FunctionRuns project={shown.project} name={shown.name} />
            {spec.documentation && (
              <section className="card">
                <div className="body">
                  <Markdown text={spec.documentation} />
                </div>
              </section>
            )}
            {against === undefined ? (
              <section className="card">
                <header>
                  <h2>{spec.codeFile ?? spec.command ?? 'Code'}</h2>
                  <span className="facts mono">{shown.hash.slice(0, 12)}</span>
                </header>
                <div className="body">
                  {spec.code ? (
                    <Code text={spec.code} file={spec.codeFile ?? spec.command ?? ''} />
                  ) : (
                    <p className="muted">
                      The code is not in the function: it comes from {spec.source ?? spec.image ?? 'its image'}.
                    </p>
                  )}
                </div>
              </section>
            ) : (
              <Differences
                project={project}
                name={name}
                before={against}
                after={shown.hash}
                onClose={() => change({ against: undefined })}
              />
            )}
          </div>
          <div className="stack">
            <Facts shown={shown} />
            <Versions
              versions={versions}
              shown={shown}
              onShow={(version) => change({ version, against: undefined }, { push: true })}
              onCompare={(version) => change({ version: shown.hash, against: version }, { push: true })}
            />
            <Snippet label="From the command line" text={terminalCommand(`function run ${name} --project ${project}`)} />
          </div>
        </div>
      </div>
      {isRunning && <FunctionRunSheet shown={shown} onClose={() => setRunning(false)} />}
      {isScheduling && <FunctionScheduleSheet shown={shown} onClose={() => setScheduling(false)} />}
    </>
  )
}

function Facts({ shown: { spec } }: { shown: FunctionVersion }) {
  const facts: [string, JsonValue | undefined][] = [
    ['handler', spec.handler],
    ['image', spec.image],
    ['source', spec.source],
    ['command', spec.command],
    ['requirements', spec.requirements?.join(', ')],
    ['requests', spec.resources?.requests && pairs(spec.resources.requests)],
    ['limits', spec.resources?.limits && pairs(spec.resources.limits)],
    ['environment', spec.environment && Object.keys(spec.environment).join(', ')],
    ['retries', spec.retries?.count],
    ['categories', spec.categories?.join(', ')],
  ]
  return (
    <section className="card">
      <header>
        <h2>How it runs</h2>
      </header>
      <div className="body">
        <dl className="pairs">
          {facts
            .filter(([, value]) => value !== undefined && value !== '')
            .flatMap(([key, value]) => [<dt key={key}>{key}</dt>, <dd key={`${key} value`}>{formatValue(value)}</dd>])}
        </dl>
      </div>
    </section>
  )
}

const pairs = (values: Readonly<Record<string, string | number>>): string =>
  Object.entries(values)
    .map(([key, value]) => `${key} ${value}`)
    .join(', ')

function Versions({
  versions,
  shown,
  onShow,
  onCompare,
}: {
  versions: readonly FunctionVersion[]
  shown: FunctionVersion
  onShow(hash: string): void
  onCompare(hash: string): void
}) {
  const unique = [...new Map(versions.map((version) => [version.hash, version])).values()]
  return (
    <section className="card">
      <header>
        <h2>Versions</h2>
        <span className="facts">{unique.length}</span>
      </header>
      <table className="plain-table">
        <tbody>
          {unique.map((version) => (
            <tr key={version.hash} className={version.hash === shown.hash ? 'current' : undefined}>
              <td>
                <button type="button" className="button plain small mono" onClick={() => onShow(version.hash)}>
                  {version.hash.slice(0, 8)}
                </button>
                {version.tags.map((tag) => (
                  <span key={tag} className="chip">
                    {tag}
                  </span>
                ))}
              </td>
              <td className="num muted">
                <Age atMs={version.createdAtMs} />
              </td>
              <td className="num">
                {version.hash !== shown.hash && (
                  <button type="button" className="button small" onClick={() => onCompare(version.hash)}>
                    Diff
                  </button>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}

interface Difference {
  fields: { path: string; before: JsonValue; after: JsonValue }[]
  code: LineChange[]
}

function Differences(props: { project: string; name: string; before: string; after: string; onClose(): void }) {
  const { project, name, before, after } = props
  const { data, error } = useQuery({
    queryKey: ['function difference', project, name, before, after],
    queryFn: ({ signal }) =>
      post<Difference>(
        `/functions/${encodeURIComponent(name)}/compare`,
        { project, before: { hash: before }, after: { hash: after } },
        signal,
      ),
    retry: false,
  })
  return (
    <section className="card">
      <header>
        <h2>
          From <span className="mono">{before.slice(0, 8)}</span> to <span className="mono">{after.slice(0, 8)}</span>
        </h2>
        <button type="button" className="button small" onClick={props.onClose}>
          Show the code
        </button>
      </header>
      <div className="body stack">
        {error && <Refusal error={error} />}
        {data && data.fields.length > 0 && (
          <table className="plain-table changed-fields">
            <thead>
              <tr>
                <th scope="col">Field</th>
                <th scope="col">Before</th>
                <th scope="col">After</th>
              </tr>
            </thead>
            <tbody>
              {data.fields.map(({ path, before: was, after: is }) => (
                <tr key={path}>
                  <td className="mono">{path}</td>
                  <td title={formatValue(was)}>{formatValue(was)}</td>
                  <td title={formatValue(is)}>{formatValue(is)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
        {data && data.code.length > 0 && <LineChanges changes={data.code} />}
        {data && data.code.length === 0 && data.fields.length === 0 && <p className="muted">Nothing differs.</p>}
      </div>
    </section>
  )
}
