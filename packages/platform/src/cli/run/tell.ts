import { isEnded, type RunRecord } from '@trainyard/contract'
import { messageOf } from '../../base/errors.ts'
import type { Cli } from '../cli.ts'
import { visible } from '../output/visible.ts'
import type { Session } from '../session.ts'
import { readServerNote } from '../server-file.ts'
import { projectSecretsOf } from '../session-secrets.ts'
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
  for (const { name, state, error } of await notificationsOf(session).deliveries({ runId })) {
    if (state !== 'failed' && state !== 'waiting') continue
    const next = state === 'waiting' ? ` ${await nextTry(session, run, name)}` : ''
    cli.warn(`the notification ${visible(name)} was not sent: ${visible(asSentence(error ?? ''))}${next}`)
  }
}

const asSentence = (text: string): string => (/[.!?…]$/.test(text) ? text : `${text}.`)

/** A server sends to private addresses only where it was told to. */
async function nextTry(session: Session, run: RunRecord, name: string): Promise<string> {
  const { isForEveryServer } = await import('../../notifications/index.ts')
  const secrets = await projectSecretsOf(session).open(run.project)
  const notification = (await notificationsOf(session).reopen(run.id)).find((each) => each.name === name)
  const isOpen = notification === undefined || isForEveryServer(notification, secrets)
  return isOpen || readServerNote(session.directory.path)?.allowPrivate === true
    ? 'A server of this data directory (trainyard up) tries again.'
    : 'A server of this data directory tries again only if it may send to private addresses: trainyard up --allow-private-addresses.'
}
