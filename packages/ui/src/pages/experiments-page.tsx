import { useQueries, useQuery } from '@tanstack/react-query'
import { printRunField } from '@trainyard/contract'
import type { Experiment, RunGroup } from '@trainyard/contract/native-api'
import { useState } from 'react'
import { get, readNumber } from '../api/client.ts'
import { groupsQuery, keysQuery, projectsQuery } from '../api/queries.ts'
import { A, useSearch } from '../app/link.tsx'
import { experimentRuns, useProject } from '../app/project.ts'
import { terminalCommand } from '../format/command.ts'
import { goalMetric, goalOf } from '../format/goal.ts'
import { decimalsFor, formatCount, formatNumber } from '../format/number.ts'
import { Snippet } from '../ui/copy.tsx'
import { holdsText, ListPage, TypedFilter } from '../ui/list-page.tsx'
import { Age } from '../ui/moment.tsx'
import { type Column, Table } from '../ui/table.tsx'
import { ChangeExperimentSheet, noteTag, TrashExperimentSheet } from './experiment-sheets.tsx'

const mostProjects = 50

/** An experiment with what its runs are like, as soon as that is known. */
interface Shown {
  experiment: Experiment
  runs: RunGroup | undefined
  areRunsKnown: boolean
}

/** How the work is grouped: who works on what, since when, and how good it is. */
export function ExperimentsPage() {
  const project = useProject()
  const [search] = useSearch()
  const name = search.get('name') ?? ''
  const [sheet, setSheet] = useState<{ deed: 'change' | 'trash'; shown: Shown } | null>(null)
  const { data: keys } = useQuery(keysQuery({ project }))
  const goal = goalMetric(keys, () => true)
  const { answer, all } = useExperiments(project, goal)
  const experiments = withoutIdle(all).filter(({ experiment }) => holdsText(experiment.name, name))
  const close = (): void => setSheet(null)
  return (
    <ListPage
      title="Experiments"
      facts={experiments.length > 0 && formatCount(experiments.length)}
      actions={<TypedFilter label="Filter by name" />}
      answer={answer}
      count={experiments.length}
      narrowedBy={name}
      empty={<NoExperiments />}
    >
      {experiments.length > 0 && (
        <div className="card scroll">
          <Table
            columns={columnsOf({
              withProject: project === undefined,
              goal,
              decimals: decimalsOf(experiments, goal),
              ask: setSheet,
            })}
            rows={experiments}
            keyOf={({ experiment }) => experiment.id}
          />
        </div>
      )}
      {sheet?.deed === 'change' && <ChangeExperimentSheet experiment={sheet.shown.experiment} onClose={close} />}
      {sheet?.deed === 'trash' && (
        <TrashExperimentSheet
          experiment={sheet.shown.experiment}
          runCount={sheet.shown.runs?.runCount ?? 0}
          running={sheet.shown.runs?.running ?? 0}
          onClose={close}
        />
      )}
    </ListPage>
  )
}

/** Each project has an experiment of this name from the start: without a run it says nothing, unless there is nothing else. */
const isIdle = ({ experiment, runs }: Shown): boolean => experiment.name === 'Default' && runs === undefined

const withoutIdle = (all: readonly Shown[]): readonly Shown[] => (all.every(isIdle) ? all : all.filter((each) => !isIdle(each)))

/** All at once: rows that come one project after another would push each other about. */
function useExperiments(project: string | undefined, goal: string | undefined) {
  const { data: projects = [] } = useQuery(projectsQuery)
  const names = project === undefined ? projects.map((each) => each.name).slice(0, mostProjects) : [project]
  const results = useQueries({
    queries: names.map((owner) => ({
      queryKey: ['experiments', owner],
      queryFn: async ({ signal }: { signal: AbortSignal }) =>
        (await get<{ experiments: Experiment[] }>('/experiments', { project: owner, limit: 1_000 }, signal)).experiments,
      retry: false,
    })),
  })
  const figures = useQueries({
    queries: names.map((owner) =>
      groupsQuery({ project: owner }, 'experiment', goal === undefined ? '' : printRunField({ scope: 'metrics', name: goal })),
    ),
  })
  const answer = {
    error: results.find((result) => result.error)?.error ?? null,
    isPending: results.length === 0 || results.some((result) => result.isPending),
    refetch: () => Promise.all(results.map((result) => result.refetch())),
  }
  const all = (answer.isPending ? [] : results)
    .flatMap(({ data }, at): Shown[] => {
      const groups = figures[at]?.data?.groups
      return (data ?? []).map((experiment) => ({
        experiment,
        runs: groups?.find(({ value }) => value === experiment.name),
        areRunsKnown: groups !== undefined,
      }))
    })
    .toSorted((left, right) => right.experiment.updatedAtMs - left.experiment.updatedAtMs)
  return { answer, all }
}

function NoExperiments() {
  return (
    <div className="empty" role="status">
      <h2>No experiments yet</h2>
      <p>An experiment is a name that runs have in common. The first run that names one makes it:</p>
      <Snippet text={terminalCommand('run train.py --experiment baseline')} />
    </div>
  )
}

function columnsOf({
  withProject,
  goal,
  decimals,
  ask,
}: {
  withProject: boolean
  goal: string | undefined
  /** Of the goal, the same in all rows. */
  decimals: number
  ask: (sheet: { deed: 'change' | 'trash'; shown: Shown }) => void
}): readonly Column<Shown>[] {
  const project: Column<Shown> = { title: 'Project', cell: ({ experiment }) => experiment.project }
  const best: Column<Shown> = {
    title: `Best ${goal}`,
    className: 'num',
    cell: ({ runs }) => {
      const value = bestOf(runs, goal ?? '')
      return value === undefined ? '–' : formatNumber(value, decimals)
    },
  }
  return [
    {
      title: 'Experiment',
      className: 'strong',
      cell: ({ experiment }) => <A href={experimentRuns(experiment.project, experiment.name)}>{experiment.name}</A>,
    },
    ...(withProject ? [project] : []),
    {
      title: 'Description',
      className: 'muted elide wide-only',
      cellProps: ({ experiment }) => ({ title: experiment.tags[noteTag] }),
      cell: ({ experiment }) => experiment.tags[noteTag],
    },
    { title: 'Runs', className: 'num', cell: ({ runs, areRunsKnown }) => (areRunsKnown ? formatCount(runs?.runCount ?? 0) : '') },
    { title: 'Now', cell: ({ runs }) => <Activity runs={runs} /> },
    { title: 'Owners', className: 'wide-only', cell: ({ runs }) => runs && ownersOf(runs) },
    ...(goal === undefined ? [] : [best]),
    {
      title: 'Newest run',
      className: 'num',
      cell: ({ runs, areRunsKnown }) => (runs ? <Age atMs={runs.newestAtMs} /> : areRunsKnown ? '–' : ''),
    },
    {
      title: 'Actions',
      isUntitled: true,
      className: 'num',
      cell: (shown) => (
        <>
          <button type="button" className="button plain small" onClick={() => ask({ deed: 'change', shown })}>
            Change
          </button>
          <button type="button" className="button plain small" onClick={() => ask({ deed: 'trash', shown })}>
            Trash…
          </button>
        </>
      ),
    },
  ]
}

function Activity({ runs }: { runs: RunGroup | undefined }) {
  if (!runs || (runs.running === 0 && runs.failed === 0)) return <span className="muted">–</span>
  return (
    <>
      {runs.running > 0 && `${formatCount(runs.running)} running`}
      {runs.running > 0 && runs.failed > 0 && ' · '}
      {runs.failed > 0 && <span className="failed-text">{formatCount(runs.failed)} failed</span>}
    </>
  )
}

const ownersOf = ({ owner, ownerCount }: RunGroup): string => (ownerCount > 1 ? `${owner} and ${ownerCount - 1} more` : owner)

function bestOf(runs: RunGroup | undefined, goal: string): number | undefined {
  const metric = runs?.metrics[0]
  return readNumber(goalOf(goal) === 'min' ? metric?.min : metric?.max)
}

const decimalsOf = (shown: readonly Shown[], goal = ''): number =>
  decimalsFor(shown.flatMap(({ runs }) => bestOf(runs, goal) ?? []))
