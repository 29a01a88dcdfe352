import { AppError, type JsonObject, type JsonValue, type NotificationSpec } from '@trainyard/contract'
import { neededParams } from './check-notification.ts'

/** A sender's parameters, each with its value. */
export type Params = Readonly<Record<string, JsonValue | undefined>>

/**
 * Parameters with secrets in their places: `{ secret: NAME }` is the project's secret of that name, and what is not given at all is
 * its secret `<KIND>_<PARAMETER>`, as in SLACK_WEBHOOK. `invalid_argument` names what is missing.
 */
export function completeParams(
  kind: NotificationSpec['kind'],
  given: JsonObject,
  secrets: Readonly<Record<string, string>>,
): Params {
  const params: Record<string, JsonValue> = {}
  const secretOf = (name: string): string | undefined => (Object.hasOwn(secrets, name) ? secrets[name] : undefined)
  for (const [name, value] of Object.entries(given)) {
    const reference = typeof value === 'object' && value !== null && !Array.isArray(value) ? value['secret'] : undefined
    if (typeof reference !== 'string') params[name] = value
    else params[name] = secretOf(reference) ?? missingSecret(kind, name, reference)
  }
  const prefix = `${kind.toUpperCase()}_`
  for (const [name, value] of Object.entries(secrets)) {
    if (!name.startsWith(prefix)) continue
    const param = name.slice(prefix.length).toLowerCase()
    if (params[param] === undefined) params[param] = value
  }
  for (const name of neededParams[kind])
    if (params[name] === undefined || params[name] === '')
      throw new AppError(
        'invalid_argument',
        `Notifications of the kind ${kind} need ${name}: give it with the notification, or as the project's secret ${prefix}${name.toUpperCase()}.`,
      )
  return params
}

function missingSecret(kind: string, name: string, reference: string): never {
  throw new AppError(
    'invalid_argument',
    `The notification's ${kind} ${name} is the secret ${reference}, which the project does not have: trainyard project secrets set ${reference}=…`,
  )
}

/** A text parameter, or the default. */
export const text = (params: Params, name: string, otherwise = ''): string => {
  const value = params[name]
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : otherwise
}

/** A yes or no, also written as a text. */
export const flag = (params: Params, name: string, otherwise: boolean): boolean => {
  const value = params[name]
  if (typeof value === 'boolean') return value
  return value === undefined || value === null ? otherwise : /^(?:true|yes|1|on)$/i.test(text(params, name))
}
