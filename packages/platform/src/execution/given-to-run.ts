import type { Task } from '@trainyard/contract'
import { secretVariables } from '../secrets/index.ts'
import type { Execution } from './execution.ts'
import type { PreparedRun } from './prepared-run.ts'

/**
 * What a run gets once it has its record, and through its control pipe only: the secrets of its project below its own, the variables
 * that its task fills from them, those in which MLRun's client looks for them, and those that point clients of other trackers at it. A
 * secret that its task names and the project lacks is a problem of the run, which goes on without the variable.
 */
export async function givenToRun(
  execution: Pick<Execution, 'clients' | 'projectSecrets' | 'tracking'>,
  run: PreparedRun,
): Promise<Pick<PreparedRun, 'secrets' | 'clientEnvironment'>> {
  // What leaves this machine is only what was given to this very run.
  if (run.launcher.language === 'endpoint') return { secrets: run.secrets }
  const [clients, shared] = await Promise.all([
    execution.clients?.environmentOf(run),
    execution.projectSecrets?.open(run.project),
  ])
  const { values, missing } = fromSecrets(run, { ...shared, ...run.secrets })
  for (const sentence of missing) await execution.tracking.runs.addProblem(run.id, sentence)
  const clientEnvironment = { ...(shared && secretVariables(shared)), ...values, ...run.clientEnvironment, ...clients }
  return {
    secrets: { ...shared, ...run.secrets },
    ...(Object.keys(clientEnvironment).length === 0 ? {} : { clientEnvironment }),
  }
}

/** What is given with a value (`--env`) has it. */
function fromSecrets(
  { task, environment, project }: { task: Task; environment: Record<string, string>; project: string },
  secrets: Readonly<Record<string, string>>,
): { values: Record<string, string>; missing: string[] } {
  const values: Record<string, string> = {}
  const missing: string[] = []
  for (const [variable, { secret, key = secret }] of Object.entries(task.environmentSecrets ?? {})) {
    const value = Object.hasOwn(environment, variable) ? undefined : secrets[key]
    if (value !== undefined) values[variable] = value
    else if (!Object.hasOwn(environment, variable))
      missing.push(`the variable ${variable} was not set: the project ${project} has no secret ${key}`)
  }
  return { values, missing }
}
