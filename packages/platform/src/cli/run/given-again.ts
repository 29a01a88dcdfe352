import { AppError, type NotificationSpec, type RunRecord, type SecretSource } from '@trainyard/contract'
import { resolveSecrets } from '../../execution/index.ts'
import { parseNotification } from '../../notifications/index.ts'
import type { Cli } from '../cli.ts'
import { shortId } from '../output/format.ts'
import { visible } from '../output/visible.ts'
import type { Session } from '../session.ts'
import { notificationsOf } from '../session-notifications.ts'
import { parseSecretSources } from './parse-options.ts'

const nameOf = (run: RunRecord): string => `${visible(run.name)} ${shortId(run.id)}`

/**
 * The sources of a run's secrets for another start of it: those that can be read again, and `given`. `failed_precondition` names those
 * that were given by value and are not given now.
 */
export function secretsAgain(cli: Cli, run: RunRecord, given: readonly string[]): { secrets?: SecretSource[] } {
  const before = run.task?.secrets ?? []
  const now = parseSecretSources(given)
  const { environment } = cli.config
  const known = resolveSecrets(now, { environment, workingDirectory: cli.workingDirectory })
  const lost = before
    .filter(({ kind }) => kind === 'inline')
    .flatMap(({ source }) => Object.keys(source))
    .filter((name) => !Object.hasOwn(known, name))
  if (lost.length > 0)
    throw new AppError(
      'failed_precondition',
      `${nameOf(run)} was given secrets by value, and values are not kept: give them again with -s ${lost.map((name) => `${name}=…`).join(' -s ')}.`,
    )
  const secrets = [...before.filter(({ kind }) => kind !== 'inline'), ...now]
  return secrets.length === 0 ? {} : { secrets }
}

const isBlank = ({ secretParams = {} }: NotificationSpec): boolean => Object.values(secretParams).some((value) => value === '')

/**
 * Who is told of another start of a run: `given`, or those who were told then, with the addresses that are kept sealed with the run.
 * `failed_precondition` where they are not kept or cannot be opened.
 */
export async function notificationsAgain(
  session: Session,
  run: RunRecord,
  given: readonly string[],
): Promise<{ notifications?: NotificationSpec[] }> {
  if (given.length > 0) return { notifications: given.map(parseNotification) }
  const { notifications } = run.task ?? {}
  if (notifications === undefined || !notifications.some(isBlank)) return notifications === undefined ? {} : { notifications }
  const kept = await notificationsOf(session)
    .reopen(run.id)
    .catch((error: unknown) => {
      if (error instanceof AppError && error.code === 'storage') return []
      throw error
    })
  if (kept.length > 0) return { notifications: kept }
  const kinds = notifications.map(({ kind }) => `--notify ${kind}${kind === 'console' ? '' : '=…'}`)
  throw new AppError(
    'failed_precondition',
    `The addresses that ${nameOf(run)} told are not readable here any more: give them again with ${kinds.join(' ')}.`,
  )
}
