import { adoptRuns } from '../execution/index.ts'
import type { Cli } from './cli.ts'
import { executionOf } from './run/start-execution.ts'
import type { Session } from './session.ts'

/** Takes in what runs have left behind whose supervisor is gone or never was, and tells about each. */
export async function takeIn(cli: Cli, session: Session): Promise<void> {
  const { concluded, troubles } = await adoptRuns(executionOf(cli, session))
  for (const { id, reason } of troubles) cli.warn(`Could not take in what run ${id.slice(0, 12)} left behind: ${reason}`)
  for (const run of concluded) cli.note(`Took in ${run.name}: ${run.state}${run.reason === null ? '' : `, ${run.reason}`}.`)
}
