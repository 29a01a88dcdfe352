import { AppError, type ArtifactRecord, type RunRecord } from '@trainyard/contract'
import type { ModelVersion } from '../../registry/index.ts'
import type { CallOf, SomeHandlers } from './bound-operation.ts'
import type { NativeContext } from './context.ts'
import { LineageGraph } from './lineage-graph.ts'

const mostReaders = 50
const mostArtifacts = 100

export const lineageHandlers: SomeHandlers<'getLineage'> = {
  getLineage: async (context, { query }) => {
    const graph = new LineageGraph(context)
    await addFocus(context, graph, query)
    return graph.answer
  },
}

type Query = CallOf<'getLineage'>['query']

async function addFocus(context: NativeContext, graph: LineageGraph, query: Query): Promise<void> {
  const { tracking, registry } = context
  const { run, artifact, model, version, project = 'default', dataset, digest } = query
  if ([run, artifact, model, dataset].filter((each) => each !== undefined).length !== 1)
    throw new AppError(
      'invalid_argument',
      'The query: name one of `run`, `artifact`, `model` with `version`, or `dataset` with `digest`.',
    )
  if (run !== undefined) return await ofRun(context, graph, await tracking.runs.get(run))
  if (artifact !== undefined) return await ofArtifact(context, graph, await tracking.artifacts.get(artifact), 0)
  if (dataset !== undefined) return await ofDataset(context, graph, { name: dataset, digest: required('digest', digest) })
  return await ofVersion(
    context,
    graph,
    await registry.versions.get({ project, name: model!, version: required('version', version) }),
  )
}

function required<Value>(name: string, value: Value | undefined): Value {
  if (value === undefined)
    throw new AppError('invalid_argument', `The query: \`${name}\` is missing.`, { details: { field: name } })
  return value
}

async function ofRun({ tracking }: NativeContext, graph: LineageGraph, run: RunRecord): Promise<void> {
  const here = graph.run(run, 0)
  await graph.addSources(run, 0)
  const made = await tracking.artifacts.ofRun(run.id)
  if (made.length > mostArtifacts) graph.isCut = true
  const artifacts = made.slice(0, mostArtifacts)
  for (const artifact of artifacts) graph.link(here, graph.artifact(artifact, 1))
  await graph.addUses(artifacts, 1)
  await graph.addVersionsOf(run, 1)
}

async function ofArtifact(
  { tracking }: NativeContext,
  graph: LineageGraph,
  artifact: ArtifactRecord,
  rank: number,
): Promise<void> {
  const here = graph.artifact(artifact, rank)
  const maker = artifact.runId === null ? undefined : await tracking.runs.find(artifact.runId)
  if (maker) {
    graph.link(graph.run(maker, rank - 1), here)
    await graph.addSources(maker, rank - 1)
  }
  await graph.addUses([artifact], rank)
}

async function ofVersion(context: NativeContext, graph: LineageGraph, version: ModelVersion): Promise<void> {
  const { tracking } = context
  const here = graph.version(version, 0)
  if (version.artifactId !== null) {
    const artifact = await tracking.artifacts.get(version.artifactId)
    graph.link(graph.artifact(artifact, -1), here)
    return await ofArtifact(context, graph, artifact, -1)
  }
  const maker = version.runId === null ? undefined : await tracking.runs.find(version.runId)
  if (!maker) return
  graph.link(graph.run(maker, -1), here)
  await graph.addSources(maker, -1)
}

async function ofDataset(
  { tracking }: NativeContext,
  graph: LineageGraph,
  dataset: { name: string; digest: string },
): Promise<void> {
  const readers = await tracking.lineage.readersOfDataset(dataset, mostReaders + 1)
  if (readers === undefined)
    throw new AppError('not_found', `There is no data set ${dataset.name} with the digest ${dataset.digest}.`)
  const here = graph.dataset(dataset, 0)
  if (readers.length > mostReaders) graph.isCut = true
  for (const run of await tracking.runs.getMany(readers.slice(0, mostReaders))) {
    graph.link(here, graph.run(run, 1))
    await graph.addVersionsOf(run, 2)
  }
}
