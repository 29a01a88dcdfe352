import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { AppError } from '@trainyard/contract'
import { createTransport } from 'nodemailer'
import { messageOf as errorText } from '../../base/errors.ts'
import { isPrivate } from '../../base/guarded-request.ts'
import { checkValues, recipientsIn } from '../check-values.ts'
import { flag, text } from '../params.ts'
import type { Sender } from './table.ts'

const patienceMs = 20_000

/**
 * By SMTP: `server_host`, `server_port` (587, or 465 with `use_tls`), `sender_address`, `username`, `password`, `email_addresses` (a list, or
 * a text with commas), `subject`, `use_tls` (encrypted from the first byte), `start_tls`, `validate_certs`.
 */
export const sendMail: Sender = async (params, message, { allowPrivate }) => {
  checkValues('mail', 'mail', params)
  const host = text(params, 'server_host')
  const recipients = recipientsIn(params['email_addresses'])
  const secure = flag(params, 'use_tls', text(params, 'server_port') === '465')
  const username = text(params, 'username')
  const transport = createTransport({
    host: allowPrivate ? host : await publicAddress(host),
    port: Number(text(params, 'server_port', secure ? '465' : '587')),
    secure,
    requireTLS: !secure && flag(params, 'start_tls', false),
    ...(username === '' ? {} : { auth: { user: username, pass: text(params, 'password') } }),
    tls: { servername: isIP(host) === 0 ? host : '', rejectUnauthorized: flag(params, 'validate_certs', true) },
    connectionTimeout: patienceMs,
    greetingTimeout: patienceMs,
    socketTimeout: patienceMs,
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  try {
    await transport.sendMail({
      from: text(params, 'sender_address', username.includes('@') ? username : `trainyard@${host}`),
      to: recipients,
      subject: text(params, 'subject', message.title),
      text: message.text,
    })
    return { state: 'delivered', status: 250, error: null }
  } catch (error) {
    throw mailError(host, error)
  } finally {
    transport.close()
  }
}

/** The address itself is connected to, so that it stays the one that was looked at. */
async function publicAddress(host: string): Promise<string> {
  let addresses: { address: string }[]
  try {
    addresses = await lookup(host, { all: true })
  } catch (error) {
    throw new AppError('unavailable', `Cannot find the mail server ${host}: ${errorText(error)}.`, { cause: error })
  }
  const hidden = addresses.find(({ address }) => isPrivate(address))
  if (hidden !== undefined || addresses.length === 0)
    throw new AppError(
      'permission_denied',
      `${host} is an address of this machine or of a private network, where this server may not send anything.`,
    )
  return addresses[0]!.address
}

/** Refusals with 5 (no such recipient, wrong password) are for good; whatever else may pass. */
function mailError(host: string, error: unknown): AppError {
  const status = error instanceof Error && 'responseCode' in error ? Number(error.responseCode) : 0
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const isFinal = status >= 500 || (status === 0 && (code === 'EAUTH' || code === 'EENVELOPE'))
  return new AppError(
    isFinal ? 'invalid_argument' : 'unavailable',
    `The mail server ${host} did not take it: ${errorText(error)}.`,
    {
      cause: error,
    },
  )
}
