import type { RunRecord } from '@trainyard/contract'
import { meets } from './query.ts'
import { type MlrunCall, type MlrunContext, type Route, route } from './route.ts'
import { stateWord } from './states.ts'

/** What stands for pods of a cluster here: the processes of runs that wait or work. */
async function workOf({ tracking }: MlrunContext, { params: { project = '*' }, query }: MlrunCall): Promise<RunRecord[]> {
  const { runs } = await tracking.runs.search({
    ...(project === '*' ? {} : { project }),
    filter: {
      type: 'in',
      field: { scope: 'attribute', name: 'state' },
      values: ['pending', 'running', 'aborting'],
      negated: false,
    },
    limit: 10_000,
  })
  const [kind, id] = [query.text('kind'), query.text('object-id')]
  return runs.filter(
    (run) =>
      (id === undefined || run.id === id) &&
      (kind === undefined || meets(run.labels['kind'] ?? 'job', { text: kind, contains: false })),
  )
}

const toResource = ({ id, name, project, labels, state, startedAtMs }: RunRecord): object => ({
  name: `${name}-${id.slice(0, 8)}`,
  labels: { ...labels, 'mlrun/uid': id, 'mlrun/project': project, 'mlrun/name': name },
  status: { phase: stateWord(state), start_time: startedAtMs },
})

export const runtimeResourceRoutes: readonly Route[] = [
  route('GET', 'projects/:project/runtime-resources', async (context, call) => {
    const groups = new Map<string, RunRecord[]>()
    for (const run of await workOf(context, call)) {
      const kind = run.labels['kind'] ?? 'job'
      groups.set(kind, [...(groups.get(kind) ?? []), run])
    }
    const groupBy = call.query.text('group-by')
    if (groupBy === undefined)
      return [...groups].map(([kind, runs]) => ({
        kind,
        resources: { crd_resources: [], pod_resources: runs.map(toResource), service_resources: [] },
      }))
    const nested: Record<string, Record<string, object>> = {}
    for (const [kind, runs] of groups)
      for (const run of runs) {
        const key = groupBy === 'job' ? run.id : kind
        const group = (nested[run.project] ??= {})
        const known = (group[key] as { pod_resources: object[] } | undefined)?.pod_resources ?? []
        group[key] = { crd_resources: [], pod_resources: [...known, toResource(run)], service_resources: [] }
      }
    return nested
  }),
  // Processes end with their runs: there is nothing left over to be deleted.
  route('DELETE', 'projects/:project/runtime-resources', async () => ({})),
]
