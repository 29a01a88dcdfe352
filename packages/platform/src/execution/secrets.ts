import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { AppError, type SecretSource, type Task } from '@trainyard/contract'
import { systemReason } from '../base/errors.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** Bytes that are no text would come out as other ones: `invalid_argument`, without them. */
export function secretText(what: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (error) {
    throw new AppError('invalid_argument', `${what} is no UTF-8 text; encode it, for example with base64.`, { cause: error })
  }
}

/** `KEY=value` lines; empty lines and lines beginning with `#` are passed over; quotes around a value are taken off. */
export function parseSecretsFile(text: string, path: string): Record<string, string> {
  const secrets: Record<string, string> = {}
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const trimmed = line.trim()
    if (trimmed === '' || trimmed.startsWith('#')) continue
    const match = /^(?:export\s+)?([^=\s]+)\s*=\s*(.*)$/.exec(trimmed)
    // The line itself is never repeated: it may be the secret.
    if (!match) throw new AppError('invalid_argument', `${path}:${index + 1} is not a secret: write KEY=value.`)
    const value = match[2]!
    secrets[match[1]!] = /^(["']).*\1$/.test(value) && value.length >= 2 ? value.slice(1, -1) : value
  }
  return secrets
}

/** Values for the job; they go to the process over its control descriptor and nowhere else. Later sources win. */
export function resolveSecrets(
  sources: readonly SecretSource[],
  context: { environment: Environment; workingDirectory: string },
): Record<string, string> {
  const secrets: Record<string, string> = {}
  for (const { kind, source } of sources) {
    if (kind === 'inline') {
      if (typeof source === 'string') throw new AppError('invalid_argument', 'Inline secrets are a table of names and values.')
      Object.assign(secrets, source)
    } else if (typeof source !== 'string') {
      throw new AppError(
        'invalid_argument',
        `Secrets of kind ${kind} take a text: ${kind === 'file' ? 'a path' : 'variable names'}.`,
      )
    } else if (kind === 'file') {
      const path = resolve(context.workingDirectory, source)
      let bytes: Buffer
      try {
        bytes = readFileSync(path)
      } catch (error) {
        throw new AppError('invalid_argument', `Cannot read the secrets file ${source}: ${systemReason(error)}.`, {
          cause: error,
        })
      }
      Object.assign(secrets, parseSecretsFile(secretText(`The secrets file ${source}`, bytes), source))
    } else {
      for (const name of source.split(',').map((part) => part.trim())) {
        const value = context.environment[name]
        if (value === undefined)
          throw new AppError('invalid_argument', `The environment variable ${name}, named as a secret, is not set.`)
        secrets[name] = value
      }
    }
  }
  return secrets
}

/** What may be kept of the sources: where from, and of inline ones only the names. */
export const withoutSecretValues = (sources: readonly SecretSource[]): SecretSource[] =>
  sources.map(({ kind, source }) =>
    kind === 'inline' && typeof source !== 'string'
      ? { kind, source: Object.fromEntries(Object.keys(source).map((name) => [name, ''])) }
      : { kind, source },
  )

/** The task as it may be kept: where secrets come from, not what they are. */
export const withoutSecretsOf = (task: Task): Task => ({
  ...task,
  ...(task.secrets === undefined ? {} : { secrets: withoutSecretValues(task.secrets) }),
  ...(task.notifications === undefined
    ? {}
    : {
        notifications: task.notifications.map(({ secretParams = {}, ...notification }) => ({
          ...notification,
          ...(Object.keys(secretParams).length === 0
            ? {}
            : { secretParams: Object.fromEntries(Object.keys(secretParams).map((name) => [name, ''])) }),
        })),
      }),
})
