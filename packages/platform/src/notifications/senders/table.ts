import type { NotificationSpec } from '@trainyard/contract'
import type { Outcome } from '../../deliveries/index.ts'
import type { Message } from '../message.ts'
import type { Params } from '../params.ts'
import { sendGitComment } from './git.ts'
import { sendSlack, sendTeams } from './chat.ts'
import { sendWebhook } from './webhook.ts'

export interface SenderContext {
  allowPrivate: boolean
  print(line: string): void
}

/** Sends one message. An AppError `unavailable` means that it may get through later. */
export type Sender = (params: Params, message: Message, context: SenderContext) => Promise<Outcome>

const senders: Readonly<Record<NotificationSpec['kind'], Sender>> = {
  console: (_params, { title, text }, { print }) => {
    for (const line of [title, ...text.split('\n').map((each) => `  ${each}`)]) print(line)
    return Promise.resolve({ state: 'delivered', status: null, error: null })
  },
  slack: sendSlack,
  teams: sendTeams,
  // Mail takes a package that most do without.
  mail: async (...given) => (await import('./mail.ts')).sendMail(...given),
  git: sendGitComment,
  webhook: sendWebhook,
}

export const sendWith = (
  kind: NotificationSpec['kind'],
  params: Params,
  message: Message,
  context: SenderContext,
): Promise<Outcome> => senders[kind](params, message, context)
