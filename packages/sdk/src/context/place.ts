import type { JobSpec, JsonObject } from '@trainyard/contract'

/** What a context needs to know of its run: the part of the job a script may see. */
export interface RunPlace {
  /**
   * Who ends the run: `supervised` (the harness of this process), `bare` (this process, no supervisor), `child` (the script), or
   * `attached` (a process or thread that the run's own started: it logs, and ends nothing).
   */
  role: 'supervised' | 'bare' | 'child' | 'attached'
  id: string
  name: string
  project: string
  experiment: string
  parentId?: string
  iteration: number
  attempt: number
  labels: Record<string, string>
  parameters: JsonObject
  inputs: JobSpec['inputs']
  secrets: Record<string, string>
  outPath: string
  /** Absolute. */
  runDirectory: string
}

export const placeOfJob = (job: JobSpec): RunPlace => ({
  role: 'supervised',
  ...job.run,
  parameters: job.parameters,
  inputs: job.inputs,
  secrets: job.secrets,
  outPath: job.outPath,
  runDirectory: job.runDirectory,
})

const runVariable = 'TRAINYARD_RUN'

/** Lets processes started from here find the run, whatever language they speak. Secrets stay out of the environment. */
export function publishPlace(place: RunPlace): void {
  const { id, name, project, experiment, parentId, iteration, attempt, labels, parameters, inputs, outPath, runDirectory } = place
  const run = { id, name, project, experiment, ...(parentId === undefined ? {} : { parentId }), iteration, attempt, labels }
  process.env[runVariable] = JSON.stringify({ run, script: process.argv[1] ?? '', parameters, inputs, outPath, runDirectory })
}

/** The run of the process that started this one, when it said so. */
export function inheritedPlace(): RunPlace | undefined {
  const text = process.env[runVariable]
  if (!text) return undefined
  try {
    const { run, parameters, inputs, outPath, runDirectory } = JSON.parse(text) as JobSpec
    if (typeof runDirectory !== 'string' || typeof run.id !== 'string') return undefined
    return { role: 'attached', ...run, parameters, inputs, outPath, runDirectory, secrets: {} }
  } catch {
    // Somebody else's variable of that name: a run of its own is begun.
    return undefined
  }
}
