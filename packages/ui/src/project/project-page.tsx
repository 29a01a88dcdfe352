import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { useState } from 'react'
import { patch } from '../api/client.ts'
import { Refusal } from '../app/error-page.tsx'
import { A } from '../app/link.tsx'
import { inProject } from '../app/project.ts'
import { FormEnd, useAttempt } from '../ui/form-end.tsx'
import { Markdown } from '../ui/markdown.tsx'
import { Age } from '../ui/moment.tsx'
import { DeleteProjectSheet } from './delete-project-sheet.tsx'
import { type ProjectRecord, projectQuery, textIn } from './project-record.ts'
import { ProjectSecrets } from './project-secrets.tsx'

/** What a project is, who owns it, which secrets it has, and the way to put it aside or away. */
export function ProjectPage() {
  const { project: name = '' } = useParams({ strict: false })
  const { data, error, refetch } = useQuery(projectQuery(name))
  return (
    <>
      <div className="page-head">
        <h1 className="elide">{name}</h1>
        {data && <span className="facts">{data.state}</span>}
      </div>
      <div className="page-body">
        {error && <Refusal error={error} retry={() => void refetch()} />}
        {data && (
          <div className="chart-grid">
            <About project={data} />
            <ProjectSecrets project={name} />
            <Ends project={data} />
          </div>
        )}
      </div>
    </>
  )
}

function About({ project }: { project: ProjectRecord }) {
  const [isEditing, setEditing] = useState(false)
  const { spec } = project
  const description = textIn(spec, 'description')
  const [goals, source] = [textIn(spec, 'goals'), textIn(spec, 'source')]
  return (
    <section className="card">
      <header>
        <h2>About</h2>
        <div className="actions facts">
          <button type="button" className="button small" onClick={() => setEditing(!isEditing)}>
            Change
          </button>
        </div>
      </header>
      <div className="body stack">
        {isEditing ? (
          <Edit project={project} onClose={() => setEditing(false)} />
        ) : (
          <>
            {description === '' ? <p className="muted">No description.</p> : <Markdown text={description} />}
            <dl className="pairs">
              <dt>owner</dt>
              <dd>{textIn(spec, 'owner') || '–'}</dd>
              {goals !== '' && [<dt key="goals">goals</dt>, <dd key="goals value">{goals}</dd>]}
              {source !== '' && [
                <dt key="source">code from</dt>,
                <dd key="source value" className="mono">
                  {source}
                </dd>,
              ]}
              <dt>made</dt>
              <dd>
                <Age atMs={project.createdAtMs} />
              </dd>
              <dt>changed</dt>
              <dd>
                <Age atMs={project.updatedAtMs} />
              </dd>
            </dl>
            <p>
              <A href={inProject(project.name, '/runs')}>Runs</A>,{' '}
              <A href={inProject(project.name, '/experiments')}>experiments</A>,{' '}
              <A href={inProject(project.name, '/models')}>models</A>,{' '}
              <A href={inProject(project.name, '/artifacts')}>artifacts</A>, <A href={inProject(project.name, '/trash')}>trash</A>
            </p>
          </>
        )}
      </div>
    </section>
  )
}

function Edit({ project: { name, spec }, onClose }: { project: ProjectRecord; onClose: () => void }) {
  const queries = useQueryClient()
  const [description, setDescription] = useState(textIn(spec, 'description'))
  const [owner, setOwner] = useState(textIn(spec, 'owner'))
  const trial = useAttempt(onClose)
  const save = async (): Promise<void> => {
    await patch(`/projects/${encodeURIComponent(name)}`, { spec: { description, owner } })
    await queries.invalidateQueries({ queryKey: ['project', name] })
  }
  return (
    <form
      className="form"
      onSubmit={(event) => {
        event.preventDefault()
        trial.attempt(save)
      }}
    >
      <label>
        Owner
        <input className="field" value={owner} onChange={(event) => setOwner(event.target.value)} />
      </label>
      <label>
        Description, as Markdown
        <textarea className="field" rows={6} value={description} onChange={(event) => setDescription(event.target.value)} />
      </label>
      <FormEnd trial={trial} onClose={onClose} deed="Save" />
    </form>
  )
}

function Ends({ project: { name, state } }: { project: ProjectRecord }) {
  const queries = useQueryClient()
  const [isDeleting, setDeleting] = useState(false)
  const [error, setError] = useState<Error | null>(null)
  const isArchived = state === 'archived'
  const move = async (): Promise<void> => {
    setError(null)
    try {
      await patch(`/projects/${encodeURIComponent(name)}`, { state: isArchived ? 'online' : 'archived' })
      await queries.invalidateQueries()
    } catch (reason) {
      setError(reason instanceof Error ? reason : new Error(String(reason)))
    }
  }
  return (
    <section className="card">
      <header>
        <h2>{isArchived ? 'Put aside' : 'Put aside or delete'}</h2>
      </header>
      <div className="body stack">
        {error && <Refusal error={error} />}
        <p className="muted">
          {isArchived
            ? 'Nothing new is taken into an archived project; all of it can be read.'
            : 'Archived, it takes nothing new; all of it can still be read, and it can come back.'}
        </p>
        <div>
          <button type="button" className="button" onClick={() => void move()}>
            {isArchived ? 'Take it back' : 'Archive'}
          </button>{' '}
          <button type="button" className="button danger" onClick={() => setDeleting(true)}>
            Delete…
          </button>
        </div>
      </div>
      {isDeleting && <DeleteProjectSheet project={name} onClose={() => setDeleting(false)} />}
    </section>
  )
}
