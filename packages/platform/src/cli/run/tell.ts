import { isEnded } from '@trainyard/contract'
import { messageOf } from '../../base/errors.ts'
import type { Cli } from '../cli.ts'
import { visible } from '../output/visible.ts'
import type { Session } from '../session.ts'
import { notificationsOf, tellingOf } from '../session-notifications.ts'

/** Tells of a run that has ended here. What does not get through is told as a warning, and left to a server of this data directory. */
export async function tellOf(cli: Cli, session: Session, runId: string): Promise<void> {
  const run = await session.tracking.runs.find(runId)
  if (!run || !isEnded(run.state)) return
  const { deliverFor } = await import('../../notifications/index.ts')
  const warn = (error: unknown): void => cli.warn(`nobody was told: ${visible(messageOf(error))}`)
  await deliverFor(
    runId,
    tellingOf(session, {
      // The receiver is the choice of whoever runs this.
      allowPrivate: true,
      print: (line) => cli.note(visible(line)),
      onProblem: warn,
    }),
  ).catch(warn)
  for (const { name, state, error } of await notificationsOf(session).deliveries({ runId }))
    if (state === 'failed' || state === 'waiting')
      cli.warn(
        `the notification ${visible(name)} was not sent: ${visible(error ?? '')}${state === 'waiting' ? ' A server of this data directory (trainyard up) tries again.' : ''}`,
      )
}
