import { isJsonObject, type JsonObject, type RunRecord, countOf } from '@trainyard/contract'
import { isEnded, newRunId } from '@trainyard/contract'
import { documentIn } from './document-in.ts'
import { invalid, missing, MlrunError } from './errors.ts'
import { objectAt, textOf } from './json.ts'
import { checkProjectName, runIdOf } from './names.ts'
import { Answer, type MlrunCall, type MlrunContext, type Route, route } from './route.ts'
import { loadableSource, runnerFunction } from './server-source.ts'
import { submitTask } from './submit.ts'
import { toTime } from './times.ts'

/**
 * Workflows that the client's own local engine carries out, here within a job of the server. Pipelines compiled for Kubeflow are not
 * served: their addresses do not exist.
 */
export const workflowRoutes: readonly Route[] = [
  route('POST', 'projects/:project/workflows/:name/submit', submit),
  route('GET', 'projects/:project/workflows/:name/runs/:run', readId),
  route('GET', 'projects/:project/pipelines', list),
  // Those of a workflow are its runner's: they are sent when that run ends.
  route('POST', 'projects/:project/pipelines/:id/push-notifications', async () => ({})),
]

async function submit(context: MlrunContext, call: MlrunCall): Promise<Answer> {
  const project = checkProjectName(call.params['project']!)
  const name = call.params['name']!
  const body = documentIn(call, "an object with a 'spec'")
  const spec = objectAt(body, 'spec')
  if (textOf(spec['schedule']) !== undefined || isJsonObject(spec['schedule']))
    throw invalid('Schedules of workflows are not served by this version of the server; submit the workflow without one.')
  const engine = textOf(spec['engine']) ?? ''
  if (!engine.endsWith('local'))
    throw invalid(
      `The workflow engine '${engine || 'kfp'}' needs Kubeflow Pipelines, which this server does not have: run it with engine='remote:local' or engine='local'.`,
    )
  const stored = objectAt((await context.tracking.projects.find(project))?.spec)
  const source = textOf(body['source']) ?? textOf(stored['source'])
  if (source === undefined)
    throw invalid(
      `The project ${project} has no source that the server could load it from: give one with source=…, or with project.set_source(…).`,
    )
  const runName = textOf(body['run_name']) ?? `workflow-runner-${name}`
  const parameters: JsonObject = {
    ...loadableSource(source),
    project_name: project,
    workflow_name: textOf(spec['name']) ?? name,
    workflow_path: spec['path'] ?? null,
    workflow_arguments: { ...objectAt(spec, 'args'), ...objectAt(body, 'arguments') },
    artifact_path: body['artifact_path'] ?? null,
    workflow_handler: spec['handler'] ?? null,
    namespace: body['namespace'] ?? null,
    engine: 'local',
    local: spec['run_local'] ?? false,
    subpath: stored['subpath'] ?? null,
    wait_for_completion: true,
  }
  const task: JsonObject = {
    metadata: {
      name: runName,
      project,
      uid: newRunId(context.clock.nowMs()),
      labels: { 'job-type': 'workflow-runner', workflow: name },
    },
    spec: { handler: 'mlrun.projects.load_and_run', parameters },
  }
  const run = await submitTask(context, call, { task, document: runnerFunction(runName, project) })
  const status = textOf(objectAt(run, 'status')['state']) ?? 'pending'
  return new Answer(202, { project, name, status, run_id: objectAt(run, 'metadata')['uid'], schedule: null })
}

/** The runner's own run is the workflow, for a client that goes on watching it. */
async function readId(
  { tracking }: MlrunContext,
  { params: { project = '', run: uid = '' }, query }: MlrunCall,
): Promise<object> {
  const run = await tracking.runs.find(runIdOf(project, uid))
  if (!run || run.trashedAtMs !== null || run.project !== project)
    throw missing(`The workflow runner ${project}/${uid} was not found.`)
  if ((query.text('engine') ?? 'local').endsWith('local')) return { workflow_id: uid }
  const id = run.results['workflow_id']
  if (typeof id === 'string') return { workflow_id: id }
  if (isEnded(run.state))
    throw new MlrunError(
      412,
      `The workflow runner ${uid} ended (${run.state}) without starting a workflow: ${run.stateReason ?? ''}`,
    )
  throw missing(`The workflow of the runner ${uid} has not begun yet.`)
}

const statusWords: Readonly<Record<string, string>> = {
  completed: 'Succeeded',
  failed: 'Failed',
  aborted: 'Canceled',
  skipped: 'Skipped',
  running: 'Running',
  aborting: 'Running',
}

/** What was run together under one workflow's id. */
async function list({ tracking }: MlrunContext, { params: { project = '*' } }: MlrunCall): Promise<object> {
  const { runs } = await tracking.runs.search({
    ...(project === '*' ? {} : { project }),
    filter: { type: 'null', field: { scope: 'labels', name: 'workflow' }, negated: true },
    limit: 10_000,
  })
  const groups = new Map<string, RunRecord[]>()
  for (const run of runs) {
    if (run.labels['job-type'] === 'workflow-runner') continue
    const key = `${run.project}\n${run.labels['workflow']}`
    groups.set(key, [...(groups.get(key) ?? []), run])
  }
  const found = [...groups.values()].map(toPipeline)
  return { runs: found, total_size: found.length, next_page_token: '' }
}

function toPipeline(runs: RunRecord[]): object {
  const ordered = runs.toSorted((left, right) => left.createdAtMs - right.createdAtMs)
  const [first] = ordered
  const isOver = runs.every(({ state }) => isEnded(state))
  const worst = runs.find(({ state }) => state === 'failed' || state === 'aborted')
  const endedAtMs = Math.max(...runs.map(({ endedAtMs: at }) => at ?? 0))
  const id = first!.labels['workflow']!
  return {
    id,
    name: id,
    project: first!.project,
    status: isOver ? (statusWords[worst?.state ?? 'completed'] ?? 'Running') : 'Running',
    error: worst?.stateReason ?? null,
    created_at: toTime(first!.createdAtMs),
    scheduled_at: toTime(first!.createdAtMs),
    finished_at: isOver ? toTime(endedAtMs) : null,
    description: countOf(runs.length, 'run'),
    experiment_id: null,
  }
}
