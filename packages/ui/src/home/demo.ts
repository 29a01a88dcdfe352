import { get, post } from '../api/client.ts'
import type { ArtifactRecord, RunRecord } from '../api/types.ts'

export const demoProject = 'demo'

const dataset = `store://${demoProject}/iris_dataset`

/** The example of the repository, step by step: each one needs what the one before it made. */
export const demoSteps = [
  { title: 'Making the data set', name: 'iris-data', handler: 'iris_generator' },
  { title: 'Training on it', name: 'train-iris', handler: 'xgb_train', inputs: { dataset } },
  {
    title: 'Trying 24 combinations of parameters',
    name: 'tune-iris',
    handler: 'xgb_train',
    inputs: { dataset },
    sweep: {
      strategy: 'grid',
      hyperParameters: { eta: [0.05, 0.1, 0.2, 0.3], max_depth: [3, 5, 8], gamma: [0, 0.2] },
      selector: 'max.accuracy',
    },
  },
] as const

export interface Demo {
  step: number
  run: string
}

const place = 'trainyard.demo'
const listeners = new Set<() => void>()
let known: Demo | null = read()

function read(): Demo | null {
  try {
    return JSON.parse(sessionStorage.getItem(place) ?? 'null') as Demo | null
  } catch {
    // Somebody else's text under this name.
    return null
  }
}

export const currentDemo = (): Demo | null => known

export function onDemo(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** Kept for this window, so that a reload goes on where it was. */
export function setDemo(demo: Demo | null): void {
  known = demo
  if (demo === null) sessionStorage.removeItem(place)
  else sessionStorage.setItem(place, JSON.stringify(demo))
  for (const listener of listeners) listener()
}

/** Asks the server for one step, as a job like any other: what is seen later has really run. */
export async function startStep(step: number): Promise<void> {
  const { title: _title, ...task } = demoSteps[step]!
  const { default: text } = await import('../../../../examples/iris-xgboost/training.py?raw')
  const { run } = await post<{ run: { id: string } }>('/jobs', {
    task: { ...task, project: demoProject, command: 'training.py' },
    code: { name: 'training.py', text },
  })
  setDemo({ step, run: run.id })
}

/** What a completed step is followed by: the next one, or at the end a version of the model. */
export async function finishStep({ step, run }: Demo): Promise<void> {
  if (step + 1 < demoSteps.length) return await startStep(step + 1)
  const best = (await get<RunRecord>(`/runs/${run}`)).sweep?.bestRunId ?? run
  const { artifacts } = await get<{ artifacts: ArtifactRecord[] }>(`/runs/${best}/artifacts`)
  const model = artifacts.find(({ kind }) => kind === 'model')
  if (model)
    await post('/models/iris/versions', { artifact: model.id, reason: 'best of tune-iris' }, undefined, { project: demoProject })
  setDemo(null)
}
