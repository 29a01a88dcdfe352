import { useQueries, useQuery } from '@tanstack/react-query'
import { useEffect, useRef } from 'react'
import { countsQuery, keysQuery, projectsQuery, usePulse, windowQuery } from '../api/queries.ts'
import type { RunRow } from '../api/types.ts'
import { A, useGo } from '../app/link.tsx'
import { inProject, useProject } from '../app/project.ts'
import { goalMetric } from '../format/goal.ts'
import { formatCount } from '../format/number.ts'
import { eventSentence } from '../models/event-sentence.ts'
import { historyQuery, modelsQuery } from '../models/queries.ts'
import { Age } from '../ui/moment.tsx'
import { Waiting } from '../ui/waiting.tsx'
import { foldSchedules, newestQuery } from './fold-schedules.ts'
import { ProjectSoFar } from './project-so-far.tsx'
import { RunList } from './run-list.tsx'
import { useShownMetrics } from './shown-metrics.ts'
import { StartHere } from './start-here.tsx'

/** What needs me? What runs, what failed lately, what changed in production, which projects there are. */
export function HomePage() {
  const project = useProject()
  const pulse = usePulse()
  const { data: counts } = useQuery(countsQuery(project))
  const go = useGo()
  const wasEmpty = useRef(false)
  const newest = useQuery(newestQuery({ project }, '', pulse?.change ?? 0)).data
  if (counts?.runs === 0) wasEmpty.current = true
  const first = newest?.rows[0]
  useEffect(() => {
    // Somebody follows the words below and waits here: their first run opens by itself.
    if (wasEmpty.current && first) go(`/runs/${first.id}`)
  }, [first, go])
  if (!counts || !newest) return null
  return (
    <>
      <div className="page-head">
        <h1>{project ?? 'Home'}</h1>
        <span className="facts">
          {counts.runs === 0
            ? ''
            : counts.running === 0 && counts.failed === 0
              ? `All quiet: nothing runs, nothing failed in 24 hours`
              : `${formatCount(counts.running)} running · ${formatCount(counts.failed)} failed in 24 hours`}
        </span>
      </div>
      <div className="page-body">
        {counts.runs === 0 && newest.total === 0 ? (
          <div className="stack">
            {project !== undefined && <ProjectSoFar project={project} />}
            <StartHere project={project} />
          </div>
        ) : (
          <Board project={project} newest={newest.rows} mark={pulse?.change ?? 0} />
        )}
      </div>
    </>
  )
}

function useRecent(options: {
  project: string | undefined
  filter: string | undefined
  limit: number
  mark: number
  columns?: string
}) {
  const { project, filter, limit, mark, columns = '' } = options
  return useQuery(windowQuery({ project, filter }, columns, limit, mark)).data
}

/** Of so many of the newest it is known what they look for. */
const mostSweeps = 30

function Board({ project, newest, mark }: { project: string | undefined; newest: readonly RunRow[]; mark: number }) {
  const { data: keys } = useQuery(keysQuery({ project }))
  const metric = goalMetric(keys)
  const filters = { running: 'state in (running, pending, aborting)', failed: "state = failed and created > '7d'" }
  const { data: sweeps } = useQuery(windowQuery({ project, filter: 'kind = sweep' }, '', mostSweeps, mark))
  const shown = useShownMetrics(metric, sweeps?.rows ?? [])
  const { columns } = shown
  const running = useRecent({ project, filter: filters.running, limit: 8, mark, columns })
  const failed = useRecent({ project, filter: filters.failed, limit: 8, mark, columns })
  const { data: recent } = useQuery(newestQuery({ project }, columns, mark))
  const { rows: lines, folded } = foldSchedules(recent?.rows ?? newest)
  if (!running || !failed) return <Waiting />
  return (
    <div className="columns">
      <div className="stack">
        <RunList
          title="Running now"
          rows={running.rows}
          total={running.total}
          shown={shown}
          href={inProject(project, '/runs?filter=state in (running, pending, aborting)')}
          empty="Nothing runs."
        />
        <RunList
          title="Failed in the last 7 days"
          rows={failed.rows}
          total={failed.total}
          shown={shown}
          href={inProject(project, "/runs?filter=state = failed and created > '7d'")}
          empty="Nothing failed."
        />
        <RunList
          title="Newest"
          rows={lines}
          folded={folded}
          total={recent?.total ?? newest.length}
          shown={shown}
          href={inProject(project, '/runs')}
          empty=""
        />
      </div>
      <div className="stack">
        {project === undefined && <Projects />}
        <Production project={project} />
      </div>
    </div>
  )
}

function Projects() {
  const { data: projects = [] } = useQuery(projectsQuery)
  return (
    <section className="card">
      <header>
        <h2>Projects</h2>
        <span className="facts">runs</span>
      </header>
      <dl className="body pairs">
        {projects
          .toSorted((left, right) => right.runCount - left.runCount)
          .slice(0, 10)
          .flatMap(({ name, runCount }) => [
            <dt key={name}>
              <A href={inProject(name, '/runs')}>{name}</A>
            </dt>,
            <dd key={`${name} runs`}>{formatCount(runCount)}</dd>,
          ])}
      </dl>
    </section>
  )
}

const mostModels = 10

function Production({ project }: { project: string | undefined }) {
  const { data: projects = [] } = useQuery(projectsQuery)
  const names = project === undefined ? projects.map(({ name }) => name).slice(0, 10) : [project]
  const models = useQueries({ queries: names.map(modelsQuery) })
    .flatMap(({ data }) => data ?? [])
    .toSorted((left, right) => right.updatedAtMs - left.updatedAtMs)
    .slice(0, mostModels)
  const histories = useQueries({ queries: models.map((model) => historyQuery(model.project, model.name)) })
  const events = histories
    .flatMap(({ data }, at) => (data ?? []).map((event) => ({ ...event, model: models[at]! })))
    .filter(({ kind }) => kind === 'stage_changed' || kind === 'alias_set' || kind === 'version_created')
    .toSorted((left, right) => right.atMs - left.atMs)
    .slice(0, 8)
  if (events.length === 0) return null
  return (
    <section className="card">
      <header>
        <h2>Changed in models</h2>
      </header>
      <ul className="body stack">
        {events.map((event) => (
          <li key={`${event.model.name} ${event.id}`}>
            <A href={inProject(event.model.project, `/models/${encodeURIComponent(event.model.name)}`)}>{event.model.name}</A>:{' '}
            {event.by} {eventSentence(event)} {event.reason && <q className="muted">{event.reason}</q>}{' '}
            <span className="muted">
              <Age atMs={event.atMs} />
            </span>
          </li>
        ))}
      </ul>
    </section>
  )
}
