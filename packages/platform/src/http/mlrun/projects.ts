import type { JsonObject } from '@trainyard/contract'
import { withPortableArtifacts } from '../../projects/index.ts'
import type { ProjectDocument, ProjectRecord, ProjectState } from '../../tracking/index.ts'
import { checkRemoval, contentsOfProject, removeProject } from '../../upkeep/index.ts'
import { documentIn } from './document-in.ts'
import { invalid, missing, MlrunError } from './errors.ts'
import { objectAt, textOf } from './json.ts'
import { checkProjectName } from './names.ts'
import { Answer, type MlrunCall, type MlrunContext, noContent, type Route, route } from './route.ts'
import { toTime } from './times.ts'

export const projectRoutes: readonly Route[] = [
  route('GET', 'projects', list),
  route('POST', 'projects', create),
  route('GET', 'projects/:project', async ({ tracking }, { params: { project = '' } }) =>
    toProject(await find(tracking, project)),
  ),
  route('PUT', 'projects/:project', store),
  route('PATCH', 'projects/:project', patch),
  route('DELETE', 'projects/:project', remove),
  route('DELETE', 'projects/:project', remove, 'v2'),
  route('GET', 'project-summaries', async (context) => ({
    project_summaries: await Promise.all(
      (await context.tracking.projects.search()).map((project) => summaryOf(context, project)),
    ),
  })),
  route('GET', 'project-summaries/:project', async (context, { params: { project = '' } }) =>
    summaryOf(context, await find(context.tracking, project)),
  ),
]

async function find(tracking: MlrunContext['tracking'], name: string): Promise<ProjectRecord> {
  const found = await tracking.projects.find(name)
  if (!found) throw missing(`Project ${name} not found.`)
  return found
}

export const toProject = ({ name, state, createdAtMs, metadata, spec }: ProjectRecord): JsonObject => ({
  kind: 'project',
  metadata: { labels: {}, annotations: {}, ...metadata, name, created: toTime(createdAtMs) },
  spec: {
    description: '',
    params: {},
    functions: [],
    workflows: [],
    artifacts: [],
    ...withPortableArtifacts(spec),
    desired_state: textOf(spec['desired_state']) ?? state,
  },
  status: { state },
})

function projectIn(call: MlrunCall, name: string | undefined): { name: string; document: ProjectDocument } {
  const body = documentIn(call, 'a project')
  const { name: written, created: _, ...metadata } = objectAt(body, 'metadata')
  const told = textOf(written)
  if (name !== undefined && told !== undefined && told !== name)
    throw invalid(`The project in the body is called '${told}', the one in the address '${name}'; they must be the same.`)
  const chosen = name ?? told
  if (chosen === undefined) throw invalid("The project has no name; give it one in 'metadata.name'.")
  return { name: checkProjectName(chosen), document: { metadata, spec: objectAt(body, 'spec') } }
}

const projectStates: readonly string[] = ['online', 'offline', 'archived'] satisfies ProjectState[]

async function list({ tracking }: MlrunContext, { query }: MlrunCall): Promise<object> {
  const [owner, state, format] = [query.text('owner'), query.text('state'), query.text('format')]
  if (state !== undefined && !projectStates.includes(state))
    throw invalid(`The state of a project is ${projectStates.join(', ')}, not '${state.slice(0, 40)}'.`)
  const labels = query.list('label')
  const found = await tracking.projects.search({
    ...(owner === undefined ? {} : { owner }),
    ...(state === undefined ? {} : { state: state as ProjectState }),
    ...(labels.length === 0 ? {} : { labels }),
  })
  const names = query.list('name')
  const projects = found.filter(({ name }) => names.length === 0 || names.includes(name))
  return { projects: format === 'name_only' ? projects.map(({ name }) => name) : projects.map(toProject) }
}

async function create({ tracking }: MlrunContext, call: MlrunCall): Promise<Answer> {
  const { name, document } = projectIn(call, undefined)
  return new Answer(201, toProject(await tracking.projects.create(name, document)))
}

async function store({ tracking }: MlrunContext, call: MlrunCall): Promise<object> {
  const { name, document } = projectIn(call, call.params['project'])
  return toProject(await tracking.projects.put(name, document))
}

async function patch({ tracking }: MlrunContext, call: MlrunCall): Promise<object> {
  const project = call.params['project']!
  await find(tracking, project)
  const { document } = projectIn(call, project)
  const lists = call.headers['x-mlrun-patch-mode'] === 'additive' ? 'add' : 'replace'
  return toProject(await tracking.projects.patch(project, document, { lists }))
}

const strategies: Readonly<Record<string, 'restrict' | 'cascade' | 'check'>> = {
  restrict: 'restrict',
  restricted: 'restrict',
  cascade: 'cascade',
  cascading: 'cascade',
  check: 'check',
}

/** One that is gone already is as it was asked for. */
async function remove(context: MlrunContext, call: MlrunCall): Promise<Answer> {
  const project = call.params['project']!
  const written = call.headers['x-mlrun-deletion-strategy'] ?? 'restrict'
  const strategy = strategies[String(written)]
  if (strategy === undefined)
    throw new MlrunError(400, `The deletion strategy is restrict, cascade or check, not '${String(written).slice(0, 40)}'.`)
  if (!(await context.tracking.projects.find(project))) return noContent()
  if (strategy === 'check') checkRemoval(await contentsOfProject(context.holdings, project), 'restrict')
  else await removeProject(context.holdings, project, strategy)
  return noContent()
}

const dayMs = 86_400_000

async function summaryOf(
  { tracking, definitions, schedules, clock }: MlrunContext,
  { name: project, updatedAtMs }: ProjectRecord,
): Promise<object> {
  const since = clock.nowMs() - dayMs
  const count = (states: string[], isRecent: boolean): Promise<number> =>
    tracking.runs.count({
      project,
      filter: {
        type: 'and',
        left: { type: 'in', field: { scope: 'attribute', name: 'state' }, values: states, negated: false },
        right: {
          type: 'comparison',
          field: { scope: 'attribute', name: 'created' },
          operator: '>=',
          value: isRecent ? since : 0,
        },
      },
    })
  const [completed, failed, running, kinds, models, files, timed] = await Promise.all([
    count(['completed'], true),
    count(['failed', 'aborted'], true),
    count(['running', 'pending', 'aborting'], false),
    definitions.count(project),
    tracking.artifactDocuments.search({ project, kinds: ['model'], tag: 'latest' }),
    tracking.artifactDocuments.search({
      project,
      kinds: ['file', 'directory', 'plot', 'chart', 'table', 'html', 'object'],
      tag: 'latest',
    }),
    schedules?.list({ project, limit: 10_000 }) ?? [],
  ])
  const soon = timed.filter(({ nextAtMs }) => nextAtMs !== null && nextAtMs <= clock.nowMs() + dayMs)
  return {
    name: project,
    files_count: files.length,
    feature_sets_count: kinds['feature-set'] ?? 0,
    models_count: models.length,
    runs_completed_recent_count: completed,
    runs_failed_recent_count: failed,
    runs_running_count: running,
    distinct_schedules_count: timed.length,
    distinct_scheduled_jobs_pending_count: soon.length,
    distinct_scheduled_pipelines_pending_count: 0,
    pipelines_completed_recent_count: 0,
    pipelines_failed_recent_count: 0,
    pipelines_running_count: 0,
    endpoint_alerts_count: 0,
    job_alerts_count: 0,
    other_alerts_count: 0,
    updated: toTime(updatedAtMs),
  }
}
