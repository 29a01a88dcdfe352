import { createHmac } from 'node:crypto'
import { guardedRequest, type GuardedAnswer } from '../base/guarded-request.ts'

export interface Message {
  url: string
  /** The same however often it is sent. */
  deliveryId: string
  body: string
  secret: string | null
  atMs: number
  allowPrivate: boolean
}

const patienceMs = 30_000

/** `v1,` and the HMAC-SHA256 of id, time and body, with dots between them, in base64. */
export const sign = (
  secret: string,
  { deliveryId, seconds, body }: { deliveryId: string; seconds: string; body: string },
): string => `v1,${createHmac('sha256', secret).update(`${deliveryId}.${seconds}.${body}`).digest('base64')}`

export function send({ url, deliveryId, body, secret, atMs, allowPrivate }: Message): Promise<GuardedAnswer> {
  const seconds = String(Math.floor(atMs / 1000))
  return guardedRequest({
    url,
    method: 'POST',
    body,
    timeoutMs: patienceMs,
    allowPrivate,
    headers: {
      'content-type': 'application/json',
      'user-agent': 'trainyard-webhook',
      'x-mlflow-delivery-id': deliveryId,
      'x-mlflow-timestamp': seconds,
      ...(secret === null ? {} : { 'x-mlflow-signature': sign(secret, { deliveryId, seconds, body }) }),
    },
  })
}
