import { AppError, nearestName } from '@trainyard/contract'

/** Kinds of functions, as MLRun calls them, each with what it means. */
export const functionKinds: Readonly<Record<string, string>> = {
  '': 'runs where it is called',
  local: 'runs in a process of this machine',
  handler: 'runs in the process that calls it',
  job: 'one process or container per run',
  dask: 'a Dask cluster',
  spark: 'a Spark application',
  'remote-spark': 'a job of a Spark service that is there',
  mpijob: 'workers that speak MPI',
  databricks: 'a job of a Databricks cluster',
  ray: 'a Ray job',
  slurm: 'a Slurm job',
  remote: 'answers requests',
  nuclio: 'answers requests',
  serving: 'a graph of models that answers requests',
  application: 'a web application in a container',
}

const otherDocuments: Readonly<Record<string, string>> = {
  project: 'a project; load it with trainyard project load',
  run: 'a run',
  task: 'a task; give it to trainyard run --task',
  artifact: 'an artifact',
  model: 'a model',
  dataset: 'a data set',
  workflow: 'a workflow',
  FeatureSet: 'a feature set',
  FeatureVector: 'a feature vector',
  Workflow: 'a workflow of Argo',
  Deployment: 'a Kubernetes manifest',
  Pod: 'a Kubernetes manifest',
}

/** Refuses what is no kind of function; `nuclio:serving` and the like name a kind and what is inside. */
export function checkKind(kind: string, source: string): void {
  const main = kind.split(':')[0] ?? ''
  if (Object.hasOwn(functionKinds, main)) return
  const other = Object.hasOwn(otherDocuments, kind) ? otherDocuments[kind] : undefined
  if (other !== undefined) throw new AppError('invalid_argument', `${source} is no function: its kind is ${kind}, ${other}.`)
  const known = Object.keys(functionKinds).filter((name) => name !== '')
  const nearest = nearestName(kind, known)
  throw new AppError(
    'invalid_argument',
    `${source}: there is no kind of function "${kind.slice(0, 60)}"${nearest === undefined ? '' : ` (did you mean ${nearest}?)`}; there are ${known.join(', ')}.`,
  )
}
