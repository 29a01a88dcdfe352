import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { artifactKinds } from '@trainyard/contract'
import { get } from '../api/client.ts'
import type { ArtifactRecord, RunRecord } from '../api/types.ts'
import { A, useSearch } from '../app/link.tsx'
import { useProject } from '../app/project.ts'
import { formatBytes, formatCount } from '../format/number.ts'
import { Chips } from '../ui/chips.tsx'
import { Snippet } from '../ui/copy.tsx'
import { ListPage, TypedFilter } from '../ui/list-page.tsx'
import { Age } from '../ui/moment.tsx'
import { type Column, Table } from '../ui/table.tsx'
import { useKnownRuns } from '../work/known-runs.ts'

const pageSize = 200

/** What was made: the current version of each key, newest first. */
export function ArtifactsPage() {
  const project = useProject()
  const [search, change] = useSearch()
  const kind = search.get('kind') ?? ''
  const contains = search.get('contains') ?? ''
  const answer = useQuery({
    queryKey: ['artifact catalogue', project, kind, contains],
    queryFn: ({ signal }) =>
      get<{ artifacts: ArtifactRecord[]; next: string | null }>(
        '/artifacts',
        { project, kind, contains, limit: pageSize },
        signal,
      ),
    placeholderData: keepPreviousData,
    retry: false,
  })
  const { data } = answer
  const runs = useKnownRuns((data?.artifacts ?? []).flatMap(({ runId }) => runId ?? []))
  return (
    <ListPage
      title="Artifacts"
      facts={data ? `${formatCount(data.artifacts.length)}${data.next === null ? '' : ' newest'}` : ''}
      actions={
        <>
          <TypedFilter label="Filter by key" parameter="contains" />
          <select className="button" aria-label="Kind" value={kind} onChange={(event) => change({ kind: event.target.value })}>
            <option value="">All kinds</option>
            {artifactKinds.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </>
      }
      answer={answer}
      count={data?.artifacts.length ?? 0}
      narrowedBy={[contains, kind].filter((word) => word !== '').join(' · ')}
      empty={<NoArtifacts />}
    >
      {data && data.artifacts.length > 0 && (
        <div className="card scroll">
          <Table columns={columnsOf(runs)} rows={data.artifacts} keyOf={({ id }) => id} />
        </div>
      )}
    </ListPage>
  )
}

function NoArtifacts() {
  return (
    <div className="empty" role="status">
      <h2>No artifacts yet</h2>
      <p>Runs keep files, tables, plots and models: with these lines in a script, or with log_artifact of MLflow and MLRun.</p>
      <Snippet
        text={`import trainyard\ncontext = trainyard.get_or_create_ctx("train")\ncontext.log_artifact("report", body="<h1>Hello</h1>", format="html")`}
      />
    </div>
  )
}

const columnsOf = (runs: ReadonlyMap<string, RunRecord>): readonly Column<ArtifactRecord>[] => [
  {
    title: 'Key',
    className: 'strong',
    cell: ({ key, runId }) =>
      runId === null ? key : <A href={`/runs/${runId}/artifacts?key=${encodeURIComponent(key)}`}>{key}</A>,
  },
  { title: 'Kind', cell: ({ kind }) => kind },
  { title: 'Tags', cell: ({ tags }) => <Chips words={tags} /> },
  { title: 'Size', className: 'num', cell: ({ sizeBytes }) => (sizeBytes === null ? '–' : formatBytes(sizeBytes)) },
  { title: 'Project', cell: ({ project }) => project },
  {
    title: 'Made by',
    cell: ({ runId }) => (runId === null ? '–' : <A href={`/runs/${runId}`}>{runs.get(runId)?.name ?? runId.slice(0, 8)}</A>),
  },
  { title: 'Updated', className: 'num', cell: ({ createdAtMs }) => <Age atMs={createdAtMs} /> },
]
