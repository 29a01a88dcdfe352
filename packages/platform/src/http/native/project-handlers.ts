import { AppError } from '@trainyard/contract'
import { contentsOfProject, removeProject } from '../../upkeep/index.ts'
import type { ExperimentRecord } from '../../tracking/index.ts'
import type { SomeHandlers } from './bound-operation.ts'
import type { NativeContext } from './context.ts'

const mostDatasets = 1_000

export const projectHandlers: SomeHandlers<
  | 'listProjects'
  | 'createProject'
  | 'getProject'
  | 'putProject'
  | 'changeProject'
  | 'getProjectContents'
  | 'deleteProject'
  | 'listProjectSecrets'
  | 'setProjectSecrets'
  | 'removeProjectSecrets'
  | 'searchExperiments'
  | 'createExperiment'
  | 'getExperiment'
  | 'changeExperiment'
  | 'trashExperiment'
  | 'restoreExperiment'
  | 'getDatasetsOfExperiment'
> = {
  listProjects: async ({ tracking }) => ({ projects: await tracking.projects.list() }),
  createProject: async ({ tracking }, { body }) => {
    await tracking.projects.ensure(body.name)
    return { name: body.name }
  },
  getProject: ({ tracking }, { path }) => tracking.projects.get(path.project),
  putProject: ({ tracking }, { path, body: { metadata = {}, spec = {} } }) =>
    tracking.projects.put(path.project, { metadata, spec }),
  changeProject: async ({ tracking }, { path, body: { state, ...document } }) => {
    const changed = await tracking.projects.patch(path.project, document)
    return state === undefined ? changed : await tracking.projects.setState(path.project, state)
  },
  getProjectContents: ({ holdings }, { path }) => contentsOfProject(holdings, path.project),
  deleteProject: ({ holdings }, { path, query }) => removeProject(holdings, path.project, query.strategy ?? 'restrict'),
  listProjectSecrets: async ({ projectSecrets }, { path }) => ({ secrets: await projectSecrets.list(path.project) }),
  setProjectSecrets: async ({ projectSecrets }, { path, body }) => {
    await projectSecrets.set(path.project, body.secrets)
    return { secrets: await projectSecrets.list(path.project) }
  },
  removeProjectSecrets: async ({ projectSecrets }, { path, body }) => ({
    removed: await projectSecrets.remove(path.project, body.names),
  }),
  searchExperiments: ({ tracking }, { query: { name, ...query } }) =>
    tracking.experiments.search({
      ...query,
      ...(name === undefined
        ? {}
        : { conditions: [{ field: { scope: 'attribute', name: 'name' }, operator: 'ilike', value: name }] }),
    }),
  createExperiment: ({ tracking }, { body }) => tracking.experiments.create(body),
  getExperiment: (context, { path }) => getExperiment(context, path.experiment),
  changeExperiment: async (context, { path, body: { name, tags } }) => {
    await getExperiment(context, path.experiment)
    if (name !== undefined) await context.tracking.experiments.rename(path.experiment, name)
    if (tags !== undefined) await context.tracking.experiments.setTags(path.experiment, tags)
    return await getExperiment(context, path.experiment)
  },
  trashExperiment: async (context, { path }) => {
    const { trashedAtMs } = await getExperiment(context, path.experiment)
    if (trashedAtMs === null) await context.tracking.experiments.trash(path.experiment)
    return await getExperiment(context, path.experiment)
  },
  restoreExperiment: async (context, { path }) => {
    const { trashedAtMs } = await getExperiment(context, path.experiment)
    if (trashedAtMs !== null) await context.tracking.experiments.restore(path.experiment)
    return await getExperiment(context, path.experiment)
  },
  getDatasetsOfExperiment: async (context, { path }) => {
    const { id } = await getExperiment(context, path.experiment)
    return { datasets: await context.tracking.datasets.summaries([id], mostDatasets) }
  },
}

async function getExperiment({ tracking }: NativeContext, id: string): Promise<ExperimentRecord> {
  const found = await tracking.experiments.find(id)
  if (!found) throw new AppError('not_found', `There is no experiment ${id}.`, { details: { experimentId: id } })
  return found
}
