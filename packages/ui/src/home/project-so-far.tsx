import { useQueries, useQuery } from '@tanstack/react-query'
import { countOf } from '@trainyard/contract'
import { get } from '../api/client.ts'
import { A } from '../app/link.tsx'
import { inProject } from '../app/project.ts'
import { projectQuery, textIn } from '../project/project-record.ts'
import { Markdown } from '../ui/markdown.tsx'

const kinds = ['functions', 'artifacts', 'schedules'] as const
/** Beyond, it is said that there are more. */
const mostCounted = 500

/** What there is of a project before its first run: what it is for, whose it is, and the ways to what lies in it. */
export function ProjectSoFar({ project }: { project: string }) {
  const { data } = useQuery(projectQuery(project))
  const counts = useQueries({
    queries: kinds.map((kind) => ({
      queryKey: ['count', kind, project],
      queryFn: async ({ signal }: { signal: AbortSignal }) =>
        (await get<Record<string, unknown[]>>(`/${kind}`, { project, limit: mostCounted }, signal))[kind]!.length,
      retry: false,
    })),
  })
  if (!data) return null
  const [description, owner] = [textIn(data.spec, 'description'), textIn(data.spec, 'owner')]
  return (
    <section className="card">
      <header>
        <h2>About</h2>
        <span className="facts">{owner !== '' && `of ${owner}`}</span>
      </header>
      <div className="body stack">
        {description === '' ? <p className="muted">No description.</p> : <Markdown text={description} />}
        <p>
          {kinds.map((kind, at) => {
            const count = counts[at]?.data
            return (
              <span key={kind}>
                <A href={inProject(project, `/${kind}`)}>
                  {count === undefined ? kind : `${countOf(count, kind.slice(0, -1))}${count < mostCounted ? '' : ' or more'}`}
                </A>
                {' · '}
              </span>
            )
          })}
          <A href={inProject(project, '/settings')}>settings and secrets</A>
        </p>
      </div>
    </section>
  )
}
