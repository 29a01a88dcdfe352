import { useQuery } from '@tanstack/react-query'
import { get } from '../api/client.ts'
import { Refusal } from '../app/error-page.tsx'
import { A, useSearch } from '../app/link.tsx'
import { inProject, useProject } from '../app/project.ts'
import { terminalCommand } from '../format/command.ts'
import { formatCount } from '../format/number.ts'
import { Snippet } from '../ui/copy.tsx'
import { Age } from '../ui/moment.tsx'
import type { FunctionVersion } from './function-version.ts'

/** What can be run: the newest version of each function. */
export function FunctionsPage() {
  const project = useProject()
  const [search, change] = useSearch()
  const name = search.get('name') ?? ''
  const { data, error } = useQuery({
    queryKey: ['functions', project, name],
    queryFn: async ({ signal }) =>
      (
        await get<{ functions: FunctionVersion[] }>(
          '/functions',
          { project, name: name === '' ? undefined : `~${name}`, limit: 500 },
          signal,
        )
      ).functions,
    retry: false,
  })
  return (
    <>
      <div className="page-head">
        <h1>Functions</h1>
        <span className="facts">{data && data.length > 0 ? formatCount(data.length) : ''}</span>
        <div className="actions">
          <input
            className="field"
            aria-label="Part of a name"
            placeholder="Part of a name"
            value={name}
            onChange={(event) => change({ name: event.target.value })}
          />
        </div>
      </div>
      <div className="page-body">
        {error && <Refusal error={error} />}
        {data?.length === 0 &&
          (name === '' ? <NoFunctions project={project} /> : <p className="muted">No function has {name} in its name.</p>)}
        {data && data.length > 0 && <FunctionTable functions={data} />}
      </div>
    </>
  )
}

function NoFunctions({ project }: { project: string | undefined }) {
  return (
    <div className="empty" role="status">
      <h2>No functions yet</h2>
      <p>A function is code with everything about how it runs, in versions. Whoever runs it needs none of its files.</p>
      <Snippet
        text={terminalCommand(`function new train.py --handler train${project === undefined ? '' : ` --project ${project}`}`)}
      />
    </div>
  )
}

function FunctionTable({ functions }: { functions: readonly FunctionVersion[] }) {
  return (
    <div className="card scroll">
      <table className="plain-table">
        <thead>
          <tr>
            <th scope="col">Function</th>
            <th scope="col">Kind</th>
            <th scope="col">Handler</th>
            <th scope="col">Tags</th>
            <th scope="col">Project</th>
            <th scope="col">Description</th>
            <th scope="col" className="num">
              Updated
            </th>
          </tr>
        </thead>
        <tbody>
          {functions.map((each) => (
            <tr key={`${each.project}/${each.name}`}>
              <td className="strong">
                <A href={inProject(each.project, `/functions/${encodeURIComponent(each.name)}`)}>{each.name}</A>
              </td>
              <td>{each.kind}</td>
              <td className="mono">{each.spec.handler ?? '–'}</td>
              <td>
                {each.tags.map((tag) => (
                  <span key={tag} className="chip">
                    {tag}
                  </span>
                ))}
              </td>
              <td>
                <A href={inProject(each.project, '/functions')}>{each.project}</A>
              </td>
              <td className="muted elide" title={each.spec.description}>
                {each.spec.description}
              </td>
              <td className="num">
                <Age atMs={each.updatedAtMs} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
