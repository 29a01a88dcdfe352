import { type RunRecord, toParamText } from '@trainyard/contract'
import type { DatasetInput, ExperimentRecord, LatestPoint } from '../../tracking/index.ts'
import type { MlflowContext } from './route.ts'
import { toStatus } from './run-status.ts'
import { toWireDouble } from './wire.ts'

export const toTags = (tags: Record<string, string>): { key: string; value: string }[] =>
  Object.entries(tags).map(([key, value]) => ({ key, value }))

/** The tags clients expect on every run, from what the record knows; a label of the same name wins. */
function tagsOf(run: RunRecord): { key: string; value: string }[] {
  const tags: Record<string, string> = { 'mlflow.user': run.owner }
  if (run.parentId !== null) tags['mlflow.parentRunId'] = run.parentId
  if (run.code) {
    tags['mlflow.source.name'] = run.code.file ?? run.code.commandLine.join(' ')
    tags['mlflow.source.type'] = 'LOCAL'
    if (run.code.handler !== undefined) tags['mlflow.project.entryPoint'] = run.code.handler
    if (run.code.git) {
      tags['mlflow.source.git.commit'] = run.code.git.commit
      if (run.code.git.branch !== undefined) tags['mlflow.source.git.branch'] = run.code.git.branch
      if (run.code.git.remote !== undefined) tags['mlflow.source.git.repoURL'] = run.code.git.remote
    }
  }
  // Results that are no numbers have no place of their own in this protocol.
  for (const [key, value] of Object.entries(run.results))
    if (typeof value !== 'number') tags[`trainyard.result.${key}`] = toParamText(value)
  return toTags({ ...tags, ...run.labels, 'mlflow.runName': run.name })
}

export const artifactUriOf = (
  run: Pick<RunRecord, 'id'>,
  experiment: Pick<ExperimentRecord, 'id' | 'artifactLocation'>,
): string => `${experiment.artifactLocation?.replace(/\/+$/, '') ?? `mlflow-artifacts:/${experiment.id}`}/${run.id}/artifacts`

export const toRunInfo = (run: RunRecord, experiment: ExperimentRecord): object => ({
  run_id: run.id,
  run_uuid: run.id,
  run_name: run.name,
  experiment_id: experiment.id,
  user_id: run.owner,
  status: toStatus(run.state),
  start_time: run.createdAtMs,
  end_time: run.endedAtMs ?? undefined,
  artifact_uri: artifactUriOf(run, experiment),
  lifecycle_stage: run.trashedAtMs === null ? 'active' : 'deleted',
})

export const toMetric = ({ key, value, timeMs, step }: LatestPoint): object => ({
  key,
  value: toWireDouble(value),
  timestamp: timeMs,
  step,
})

/** Our own inputs (files and addresses a run was given) as data sets; those a client logged come as they were. */
const toDatasetInputs = (run: RunRecord, datasets: readonly DatasetInput[]): object[] => [
  ...run.inputs.map((input) => ({
    tags: [{ key: 'mlflow.data.context', value: 'input' }],
    dataset: {
      name: input.key,
      digest: (input.sha256 ?? '').slice(0, 36),
      source_type: 'uri',
      source: JSON.stringify({ uri: input.url }),
    },
  })),
  ...datasets.map((input) => ({
    tags: present(toTags(input.tags)),
    dataset: {
      name: input.name,
      digest: input.digest,
      source_type: input.sourceType,
      source: input.source,
      schema: input.schema ?? undefined,
      profile: input.profile ?? undefined,
    },
  })),
]

/** Empty lists are left out. */
export const present = <Value>(values: readonly Value[]): readonly Value[] | undefined =>
  values.length === 0 ? undefined : values

/** Whole runs, with metrics, inputs and outputs: a constant number of reads for any number of runs. */
export async function toRuns({ tracking }: MlflowContext, runs: readonly RunRecord[]): Promise<object[]> {
  if (runs.length === 0) return []
  const ids = runs.map((run) => run.id)
  const [experiments, metrics, datasets, models] = await Promise.all([
    tracking.experiments.ofRuns(ids),
    tracking.metrics.latest(ids),
    tracking.datasets.ofRuns(ids),
    tracking.loggedModels.ofRuns(ids),
  ])
  return runs.map((run) => {
    const links = models.get(run.id) ?? []
    return {
      info: toRunInfo(run, experiments.get(run.id)!),
      data: {
        metrics: present((metrics.get(run.id) ?? []).map(toMetric)),
        params: present(Object.entries(run.parameters).map(([key, value]) => ({ key, value: toParamText(value) }))),
        tags: present(tagsOf(run)),
      },
      inputs: {
        dataset_inputs: present(toDatasetInputs(run, datasets.get(run.id) ?? [])),
        model_inputs: present(links.filter((link) => link.direction === 'input').map((link) => ({ model_id: link.modelId }))),
      },
      outputs: {
        model_outputs: present(
          links.filter((link) => link.direction === 'output').map(({ modelId, step }) => ({ model_id: modelId, step })),
        ),
      },
    }
  })
}
