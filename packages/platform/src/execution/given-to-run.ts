import { secretVariables } from '../secrets/index.ts'
import type { Execution } from './execution.ts'
import type { PreparedRun } from './prepared-run.ts'

/**
 * What a run gets once it has its record, and through its control pipe only: the secrets of its project below its own, the variables
 * in which MLRun's client looks for those, and the variables that point clients of other trackers at it.
 */
export async function givenToRun(
  execution: Pick<Execution, 'clients' | 'projectSecrets'>,
  run: PreparedRun,
): Promise<Pick<PreparedRun, 'secrets' | 'clientEnvironment'>> {
  const [clients, shared] = await Promise.all([
    execution.clients?.environmentOf(run),
    execution.projectSecrets?.open(run.project),
  ])
  const clientEnvironment = { ...(shared && secretVariables(shared)), ...run.clientEnvironment, ...clients }
  return {
    secrets: { ...shared, ...run.secrets },
    ...(Object.keys(clientEnvironment).length === 0 ? {} : { clientEnvironment }),
  }
}
