import { useQuery } from '@tanstack/react-query'
import { projectsQuery } from '../api/queries.ts'
import { Refusal } from '../app/error-page.tsx'
import { A } from '../app/link.tsx'
import { inProject } from '../app/project.ts'
import { formatCount } from '../format/number.ts'
import { StartHere } from '../home/start-here.tsx'
import { Age } from '../ui/moment.tsx'

export function ProjectsPage() {
  const { data: projects, error } = useQuery(projectsQuery)
  return (
    <>
      <div className="page-head">
        <h1>Projects</h1>
      </div>
      <div className="page-body">
        {error && <Refusal error={error} />}
        {projects?.length === 0 && <StartHere />}
        {projects && projects.length > 0 && (
          <div className="card scroll">
            <table className="plain-table">
              <thead>
                <tr>
                  <th scope="col">Project</th>
                  <th scope="col" className="num">
                    Runs
                  </th>
                  <th scope="col">Pages</th>
                  <th scope="col" className="num">
                    Made
                  </th>
                </tr>
              </thead>
              <tbody>
                {projects.map(({ name, runCount, createdAtMs }) => (
                  <tr key={name}>
                    <td className="strong">
                      <A href={inProject(name, '/')}>{name}</A>
                    </td>
                    <td className="num">{formatCount(runCount)}</td>
                    <td>
                      <A href={inProject(name, '/runs')}>runs</A> · <A href={inProject(name, '/experiments')}>experiments</A> ·{' '}
                      <A href={inProject(name, '/models')}>models</A> · <A href={inProject(name, '/artifacts')}>artifacts</A> ·{' '}
                      <A href={inProject(name, '/settings')}>settings</A>
                    </td>
                    <td className="num">{createdAtMs === 0 ? '–' : <Age atMs={createdAtMs} />}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </div>
    </>
  )
}
