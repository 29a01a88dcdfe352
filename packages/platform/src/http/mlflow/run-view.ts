import { type RunRecord, toParamText } from '@trainyard/contract'
import type { DatasetInput, ExperimentRecord, LatestPoint, WholeRun } from '../../tracking/index.ts'
import { toStatus } from './run-status.ts'
import { toWireDouble } from './wire.ts'

export const toTags = (tags: Record<string, string>): { key: string; value: string }[] =>
  Object.entries(tags).map(([key, value]) => ({ key, value }))

/** The tags clients expect on every run, from what the record knows; a label of the same name wins. */
function tagsOf(run: RunRecord): Map<string, string> {
  const tags = new Map([['mlflow.user', run.owner]])
  if (run.parentId !== null) tags.set('mlflow.parentRunId', run.parentId)
  if (run.code) {
    tags.set('mlflow.source.name', run.code.file ?? run.code.commandLine.join(' '))
    tags.set('mlflow.source.type', 'LOCAL')
    if (run.code.handler !== undefined) tags.set('mlflow.project.entryPoint', run.code.handler)
    if (run.code.git) {
      tags.set('mlflow.source.git.commit', run.code.git.commit)
      if (run.code.git.branch !== undefined) tags.set('mlflow.source.git.branch', run.code.git.branch)
      if (run.code.git.remote !== undefined) tags.set('mlflow.source.git.repoURL', run.code.git.remote)
    }
  }
  // Results that are no numbers have no place of their own in this protocol.
  for (const [key, value] of Object.entries(run.results))
    if (typeof value !== 'number') tags.set(`trainyard.result.${key}`, toParamText(value))
  for (const [key, value] of Object.entries(run.labels)) tags.set(key, value)
  return tags.set('mlflow.runName', run.name)
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

/**
 * Runs as JSON, each with its metrics, inputs and outputs. Texts that are put together: of 100 runs with 25 parts each, an object for
 * each part and `JSON.stringify` over all of them cost twice as much.
 */
export function runTexts(runs: readonly WholeRun[]): string[] {
  const starts = new Map<string, string>()
  /** The same keys come again with every run. */
  const startOf = (key: string): string => {
    let start = starts.get(key)
    if (start === undefined) starts.set(key, (start = `{"key":${JSON.stringify(key)},"value":`))
    return start
  }
  const pairs = (entries: Iterable<readonly [string, string]>): string =>
    join(Array.from(entries, ([key, value]) => `${startOf(key)}${JSON.stringify(value)}}`))
  return runs.map(({ run, experiment, points, datasets, models }) => {
    const metrics = points.map(
      ({ key, value, timeMs, step }) =>
        `${startOf(key)}${JSON.stringify(toWireDouble(value))},"timestamp":${timeMs},"step":${step}}`,
    )
    const data = {
      metrics: join(metrics),
      params: pairs(Object.entries(run.parameters).map(([key, value]) => [key, toParamText(value)] as const)),
      tags: pairs(tagsOf(run)),
    }
    const inputs = {
      dataset_inputs: present(toDatasetInputs(run, datasets)),
      model_inputs: present(models.filter((link) => link.direction === 'input').map(({ modelId }) => ({ model_id: modelId }))),
    }
    const made = models.filter((link) => link.direction === 'output')
    const outputs = { model_outputs: present(made.map(({ modelId, step }) => ({ model_id: modelId, step }))) }
    const lists = Object.entries(data).flatMap(([name, list]) => (list === '' ? [] : [`"${name}":[${list}]`]))
    const info = JSON.stringify(toRunInfo(run, experiment))
    return `{"info":${info},"data":{${join(lists)}},"inputs":${JSON.stringify(inputs)},"outputs":${JSON.stringify(outputs)}}`
  })
}

const join = (texts: readonly string[]): string => texts.join(',')
