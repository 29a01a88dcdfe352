import { type Execution, type PreparedRun, withSecrets } from '../../execution/index.ts'
import type { Cli } from '../cli.ts'
import type { Session } from '../session.ts'
import { openClientAccess } from './client-access.ts'
import { tellOf } from './tell.ts'
import { openShipment } from './shipment.ts'
import { executionOf } from './start-execution.ts'

/** What one run or sweep is executed with: its secrets open its out path, clients in its jobs reach the records, and it is sent where TRAINYARD_URL says. */
export async function openJobExecution(
  cli: Cli,
  session: Session,
  run: Pick<PreparedRun, 'id' | 'secrets' | 'notifications'>,
): Promise<{ readonly execution: Execution } & AsyncDisposable> {
  const execution = withSecrets(executionOf(cli, session), run.secrets)
  await using opened = new AsyncDisposableStack()
  if (run.notifications.length > 0) opened.defer(() => tellOf(cli, session, run.id))
  opened.use(await openShipment(cli, session, run.id))
  const clients = opened.use(openClientAccess(cli, session, execution))
  const owned = opened.move()
  return { execution: { ...execution, clients }, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}
