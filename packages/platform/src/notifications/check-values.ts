import { AppError, isAppError, type JsonValue, type NotificationSpec } from '@trainyard/contract'
import { checkAddress } from '../base/guarded-request.ts'

/** Why a value cannot be told with, to be read behind the parameter's name; undefined when it can. */
type Check = (value: JsonValue) => string | undefined

// oxlint-disable-next-line no-control-regex -- These are what is looked for.
const controls = /[\u0000-\u001f\u007f]/

const plainText: Check = (value) =>
  typeof value !== 'string'
    ? 'is no text'
    : controls.test(value)
      ? 'has line breaks or other control characters in it'
      : undefined

const address: Check = (value) => {
  const wrong = plainText(value)
  if (wrong !== undefined) return wrong
  try {
    checkAddress(value as string, true)
    return undefined
  } catch (error) {
    if (!isAppError(error)) throw error
    return 'is not of the form https://host/path, without user name and password'
  }
}

const whole =
  (most: number): Check =>
  (value) =>
    (typeof value === 'number' || typeof value === 'string') &&
    /^\d{1,15}$/.test(String(value)) &&
    Number(value) >= 1 &&
    Number(value) <= most
      ? undefined
      : `is no number from 1 to ${most}`

/** Its parts become parts of an address. */
const repository: Check = (value) => {
  const wrong = plainText(value)
  if (wrong !== undefined) return wrong
  const parts = (value as string).split('/')
  return parts.length > 1 && parts.every((part) => part !== '' && part !== '.' && part !== '..')
    ? undefined
    : 'is not of the form owner/repository'
}

/** As a list, or a text with commas. */
export const recipientsIn = (value: JsonValue | undefined): string[] =>
  (Array.isArray(value) ? value.map(String) : typeof value === 'string' ? value.split(/[,;]/) : [])
    .map((each) => each.replace(/^ +| +$/g, ''))
    .filter((each) => each !== '')

const mailAddress = /^[^@\s<>]+@[^@\s<>]+$/

const recipients: Check = (value) => {
  const all = recipientsIn(value)
  const isRight = all.length > 0 && all.every((each) => mailAddress.test(each) && !controls.test(each))
  return isRight ? undefined : 'holds something that is no mail address of the form name@host'
}

const headers: Check = (value) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'is no object of names and values'
  const isRight = Object.entries(value).every(
    ([name, each]) => /^[!#$%&'*+.^_`|~\w-]+$/.test(name) && (typeof each !== 'string' || !controls.test(each)),
  )
  return isRight ? undefined : 'has a name or a value that no HTTP header can have'
}

export const webhookMethods = ['POST', 'PUT', 'PATCH', 'GET'] as const
const method: Check = (value) =>
  webhookMethods.some((each) => typeof value === 'string' && each === value.toUpperCase())
    ? undefined
    : `is none of ${webhookMethods.join(', ')}`

const checks: Readonly<Record<NotificationSpec['kind'], Readonly<Record<string, Check>>>> = {
  console: {},
  slack: { webhook: address },
  teams: { webhook: address },
  webhook: { url: address, method, headers },
  git: { repo: repository, issue: whole(999_999_999_999_999), token: plainText, server: plainText },
  mail: {
    server_host: plainText,
    server_port: whole(65_535),
    sender_address: plainText,
    username: plainText,
    email_addresses: recipients,
  },
}

/** `invalid_argument` names the parameter that nobody can be told with. Values are not repeated, they may be secret; `{ secret: NAME }` stands for one. */
export function checkValues(
  which: string,
  kind: NotificationSpec['kind'],
  params: Readonly<Record<string, JsonValue | undefined>>,
): void {
  for (const [name, check] of Object.entries(checks[kind])) {
    const value = Object.hasOwn(params, name) ? params[name] : undefined
    if (value === undefined || value === null || value === '' || isReference(value)) continue
    const wrong = check(value)
    if (wrong !== undefined) throw new AppError('invalid_argument', `The ${name} of the notification ${which} ${wrong}.`)
  }
}

const isReference = (value: JsonValue): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && typeof value['secret'] === 'string'
