import { type Execution, type PreparedRun, withSecrets } from '../../execution/index.ts'
import type { Cli } from '../cli.ts'
import type { Session } from '../session.ts'
import { openClientAccess } from './client-access.ts'
import { tellOf } from './tell.ts'
import { openShipment } from './shipment.ts'
import { executionOf } from './start-execution.ts'

interface JobExecution extends AsyncDisposable {
  readonly execution: Execution
}

/** As `openJobExecution`, and tells of the run's end from here: for whoever started it. */
export async function openToldExecution(
  cli: Cli,
  session: Session,
  run: Pick<PreparedRun, 'id' | 'secrets' | 'notifications'>,
): Promise<JobExecution> {
  await using opened = new AsyncDisposableStack()
  if (run.notifications.length > 0) opened.defer(() => tellOf(cli, session, run.id))
  const { execution } = opened.use(await openJobExecution(cli, session, run))
  const owned = opened.move()
  return { execution, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

/**
 * What one run or sweep is executed with: its secrets open its out path, clients in its jobs reach the records, and it is sent where
 * TRAINYARD_URL says. A server tells of its jobs by itself: whoever asked for them has not chosen where its machine may send.
 */
export async function openJobExecution(
  cli: Cli,
  session: Session,
  run: Pick<PreparedRun, 'id' | 'secrets'>,
): Promise<JobExecution> {
  const execution = withSecrets(executionOf(cli, session), run.secrets)
  await using opened = new AsyncDisposableStack()
  opened.use(await openShipment(cli, session, run.id))
  const clients = opened.use(openClientAccess(cli, session, execution))
  const owned = opened.move()
  return { execution: { ...execution, clients }, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}
