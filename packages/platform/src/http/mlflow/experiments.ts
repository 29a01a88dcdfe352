import type { ExperimentRecord } from '../../tracking/index.ts'
import { decodeFully } from '../bytes/plain-path.ts'
import { invalid, missing, MlflowError } from './errors.ts'
import { parseExperimentFilter, parseExperimentOrder } from './experiment-filter.ts'
import { type MlflowContext, type Route, route } from './route.ts'
import { present, toTags } from './run-view.ts'
import { checkKey, checkLength, checkLimit } from './validation.ts'
import { choice, idText, integer, list, message, required, text } from './wire.ts'

export const tag = message({ key: text, value: text })
export const viewTypeNumbers = { ACTIVE_ONLY: 1, DELETED_ONLY: 2, ALL: 3 } as const
type ViewType = keyof typeof viewTypeNumbers

/** What a view type means for a search of ours. */
export const trashedOf = (view: ViewType | undefined): boolean | 'either' => {
  if (view === 'ALL') return 'either'
  return view === 'DELETED_ONLY'
}

const longestName = 500
const longestLocation = 2_048
const longestTagValue = 5_000

export const experimentRoutes: readonly Route[] = [
  route(
    'POST',
    'experiments/create',
    message({ name: text, artifact_location: text, tags: list(tag) }),
    async ({ tracking }, { name, artifact_location, tags }, { project }) => {
      const checked = checkName(required(name, 'name'), 'name')
      const location = artifact_location ? checkLocation(artifact_location) : undefined
      const entries = (tags ?? []).map(({ key, value }, at) => checkTag(key, value, `tags[${at}].key`))
      try {
        const created = await tracking.experiments.create({
          project,
          name: checked,
          ...(location === undefined ? {} : { artifactLocation: location }),
          tags: Object.fromEntries(entries),
        })
        return { experiment_id: created.id }
      } catch (error) {
        throw renamed(error, `Experiment(name=${checked}) already exists.`)
      }
    },
  ),
  route('GET', 'experiments/get', message({ experiment_id: idText }), async (context, { experiment_id }) => ({
    experiment: toExperiment(await getExperiment(context, required(experiment_id, 'experiment_id'))),
  })),
  route(
    'GET',
    'experiments/get-by-name',
    message({ experiment_name: text }),
    async ({ tracking }, { experiment_name }, { project }) => {
      const name = required(experiment_name, 'experiment_name')
      const found = await tracking.experiments.findByName(project, name)
      if (!found) throw missing(`Could not find experiment with name '${name}'`)
      return { experiment: toExperiment(found) }
    },
  ),
  ...(['GET', 'POST'] as const).map((method) =>
    route(
      method,
      'experiments/search',
      message({
        max_results: integer,
        page_token: text,
        filter: text,
        order_by: list(text),
        view_type: choice(viewTypeNumbers),
      }),
      async ({ tracking }, { max_results, page_token, filter, order_by, view_type }, { project }) => {
        const { experiments, next } = await tracking.experiments.search({
          project,
          conditions: parseExperimentFilter(filter ?? ''),
          sort: parseExperimentOrder(order_by ?? []),
          trashed: trashedOf(view_type),
          limit: checkLimit(max_results ?? 0, 50_000),
          ...(page_token ? { cursor: page_token } : {}),
        })
        return { experiments: present(experiments.map(toExperiment)), next_page_token: next ?? undefined }
      },
    ),
  ),
  route(
    'POST',
    'experiments/update',
    message({ experiment_id: idText, new_name: text }),
    async (context, { experiment_id, new_name }) => {
      const experiment = await getExperiment(context, required(experiment_id, 'experiment_id'))
      const name = checkName(required(new_name, 'new_name'), 'new_name')
      if (experiment.trashedAtMs !== null) throw new MlflowError('INVALID_STATE', 'Cannot rename a non-active experiment.')
      try {
        await context.tracking.experiments.rename(experiment.id, name)
      } catch (error) {
        throw renamed(error, `Experiment(name=${name}) already exists.`)
      }
      return {}
    },
  ),
  route('POST', 'experiments/delete', message({ experiment_id: idText }), async (context, { experiment_id }) => {
    const experiment = await getExperiment(context, required(experiment_id, 'experiment_id'))
    if (experiment.trashedAtMs !== null) throw missing(`No Experiment with id=${experiment.id} exists`)
    await context.tracking.experiments.trash(experiment.id)
    return {}
  }),
  route('POST', 'experiments/restore', message({ experiment_id: idText }), async (context, { experiment_id }) => {
    const experiment = await getExperiment(context, required(experiment_id, 'experiment_id'))
    if (experiment.trashedAtMs === null) throw missing(`No Experiment with id=${experiment.id} is in the trash`)
    await context.tracking.experiments.restore(experiment.id)
    return {}
  }),
  route(
    'POST',
    'experiments/set-experiment-tag',
    message({ experiment_id: idText, key: text, value: text }),
    async (context, { experiment_id, key, value }) => {
      const [name, checked] = checkTag(required(key, 'key'), value, 'key')
      const experiment = await getActiveExperiment(context, required(experiment_id, 'experiment_id'))
      await context.tracking.experiments.setTags(experiment.id, { [name]: checked })
      return {}
    },
  ),
  route(
    'POST',
    'experiments/delete-experiment-tag',
    message({ experiment_id: idText, key: text }),
    async (context, { experiment_id, key }) => {
      const name = required(key, 'key')
      const experiment = await getActiveExperiment(context, required(experiment_id, 'experiment_id'))
      if (experiment.tags[name] === undefined) throw missing(`No tag with name: ${name} in experiment with id ${experiment.id}`)
      await context.tracking.experiments.setTags(experiment.id, { [name]: null })
      return {}
    },
  ),
  route(
    'POST',
    'experiments/search-datasets',
    message({ experiment_ids: list(idText) }),
    async ({ tracking }, { experiment_ids = [] }) => {
      if (experiment_ids.length === 0) throw invalid('SearchDatasets request must specify at least one experiment_id.')
      if (experiment_ids.length > 20) throw invalid('SearchDatasets request cannot specify more than 20 experiment_ids.')
      const found = await tracking.datasets.summaries(
        experiment_ids.filter((id) => /^\d{1,15}$/.test(id)),
        1_000,
      )
      return {
        dataset_summaries: present(
          found.map(({ experimentId, name, digest, context }) => ({
            experiment_id: experimentId,
            name,
            digest,
            context: context ?? undefined,
          })),
        ),
      }
    },
  ),
]

const renamed = (error: unknown, sentence: string): unknown =>
  error instanceof Error && 'code' in error && error.code === 'already_exists'
    ? new MlflowError('RESOURCE_ALREADY_EXISTS', sentence)
    : error

export async function getExperiment({ tracking }: MlflowContext, id: string): Promise<ExperimentRecord> {
  const found = await tracking.experiments.find(id)
  if (!found) throw missing(`No Experiment with id=${id} exists`)
  return found
}

export async function getActiveExperiment(context: MlflowContext, id: string): Promise<ExperimentRecord> {
  const experiment = await getExperiment(context, id)
  if (experiment.trashedAtMs !== null)
    throw invalid(`The experiment ${id} must be in the 'active' state. Current state is deleted.`)
  return experiment
}

const toExperiment = (experiment: ExperimentRecord): object => ({
  experiment_id: experiment.id,
  name: experiment.name,
  artifact_location: experiment.artifactLocation ?? `mlflow-artifacts:/${experiment.id}`,
  lifecycle_stage: experiment.trashedAtMs === null ? 'active' : 'deleted',
  last_update_time: experiment.updatedAtMs,
  creation_time: experiment.createdAtMs,
  tags: present(toTags(experiment.tags)),
})

function checkName(name: string, path: string): string {
  if (name.length > longestName) throw invalid(`'${path}' exceeds the maximum length of ${longestName} characters`)
  return name
}

function checkTag(key: string | undefined, value: string | undefined, path: string): [string, string] {
  const name = checkKey(required(key, path), path, 'key')
  checkLength(value ?? '', 'value', longestTagValue)
  return [name, value ?? '']
}

/** Buckets, and our own proxied places. A folder of this machine is no place a client may point the server at. */
function checkLocation(location: string): string {
  checkLength(location, 'artifact_location', longestLocation)
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(location)?.[1]?.toLowerCase()
  if (scheme === undefined || scheme === 'file' || scheme === 'runs' || scheme === 'models' || scheme.length === 1)
    throw invalid(
      `Invalid artifact location '${location}': a folder of a machine cannot be one on this server. Leave it out for the server's own place, or name a bucket such as s3://bucket/folder.`,
    )
  const decoded = decodeFully(location)
  if (decoded.includes('#') || decoded.includes(';') || /[\0\\]/.test(decoded) || /(?:^|[/?&=])\.\.(?:[/?&]|$)/.test(decoded))
    throw invalid(`Invalid artifact location '${location}': it may hold no fragment, no parameters and no '..'.`)
  return location
}
