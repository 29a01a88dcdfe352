import { messageOf, systemErrorCode } from '../base/errors.ts'

const networkReasons: Record<string, string> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'there is no host of that name',
  EAI_AGAIN: 'the name of the host cannot be looked up',
  ECONNRESET: 'the connection was closed',
  ETIMEDOUT: 'no connection in time',
  UND_ERR_CONNECT_TIMEOUT: 'no connection in time',
  EHOSTUNREACH: 'there is no way to the host',
  ENETUNREACH: 'there is no way to the network',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is self-signed',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate cannot be verified',
}

/** A plain-word reason for a failed connection, looking through wrapped errors. */
export function networkReason(error: unknown): string {
  for (let inner = error; inner instanceof Error; inner = inner.cause) {
    const candidates = inner instanceof AggregateError ? [inner, ...(inner.errors as unknown[])] : [inner]
    for (const candidate of candidates) {
      const reason = networkReasons[systemErrorCode(candidate) ?? '']
      if (reason) return reason
    }
  }
  return messageOf(error instanceof Error && error.cause ? error.cause : error)
}
