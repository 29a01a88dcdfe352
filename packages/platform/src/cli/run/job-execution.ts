import { type Execution, type PreparedRun, withSecrets } from '../../execution/index.ts'
import type { Cli } from '../cli.ts'
import type { Session } from '../session.ts'
import { openClientAccess } from './client-access.ts'
import { executionOf } from './start-execution.ts'

/** What one run or sweep is executed with: its secrets open its out path, and clients in its jobs reach the records. */
export async function openJobExecution(
  cli: Cli,
  session: Session,
  run: Pick<PreparedRun, 'secrets'>,
): Promise<{ readonly execution: Execution } & AsyncDisposable> {
  const execution = withSecrets(executionOf(cli, session), run.secrets)
  const clients = await openClientAccess(cli, session, execution)
  return { execution: { ...execution, clients }, [Symbol.asyncDispose]: () => clients[Symbol.asyncDispose]() }
}
