import { AppError, didYouMean, type NotificationSpec } from '@trainyard/contract'
import { neededParams } from './check-notification.ts'

const kinds = Object.keys(neededParams) as NotificationSpec['kind'][]
const otherNames: Readonly<Record<string, NotificationSpec['kind']>> = {
  email: 'mail',
  msteams: 'teams',
  github: 'git',
  gitlab: 'git',
  azure: 'git',
}

/**
 * What is typed behind `--notify`: `console`, `slack=https://…`, `teams=$NAME`, `mail=ada@example.org`, `webhook=https://…`,
 * `github=owner/repo#12`. `$NAME` stands for a secret of the project. Addresses that are secrets themselves are kept as such.
 */
export function parseNotification(written: string): NotificationSpec {
  const [word = '', target] = written.split(/=(.*)/s)
  const kind = Object.hasOwn(otherNames, word) ? otherNames[word]! : kinds.find((each) => each === word)
  if (kind === undefined) {
    const known = [...kinds, ...Object.keys(otherNames)]
    throw new AppError(
      'invalid_argument',
      `--notify takes ${kinds.join(', ')}, for example slack=$SLACK_WEBHOOK, not '${word.slice(0, 40)}'${didYouMean(word, known)}.`,
    )
  }
  if (target === undefined || target === '') return { kind }
  const reference = /^\$\{?(\w+)\}?$/.exec(target)?.[1]
  const value = reference === undefined ? target : { secret: reference }
  if (kind === 'console') throw new AppError('invalid_argument', '--notify console takes no address.')
  if (kind === 'git') return { kind, params: gitParams(word, target) }
  if (kind === 'mail') return { kind, params: { email_addresses: value } }
  const name = kind === 'webhook' ? 'url' : 'webhook'
  return reference === undefined ? { kind, secretParams: { [name]: value } } : { kind, params: { [name]: value } }
}

function gitParams(service: string, target: string): Record<string, string | boolean> {
  const [, repo, sign, issue] = /^([\w./-]+)([#!])(\d+)$/.exec(target) ?? []
  if (repo === undefined || issue === undefined)
    throw new AppError('invalid_argument', `--notify ${service} takes owner/repository#number, not '${target.slice(0, 80)}'.`)
  return {
    repo,
    issue,
    ...(service === 'gitlab' ? { gitlab: true, ...(sign === '!' ? { merge_request: true } : {}) } : {}),
    ...(service === 'azure' ? { azure: true } : {}),
  }
}
