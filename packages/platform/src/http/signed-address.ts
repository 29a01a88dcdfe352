import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

/** Addresses of this server that may be asked for without its token, for a while, because the server itself has given them out. */
export interface AddressSigner {
  /** `path` with a time and a signature behind it. */
  sign(path: string, untilMs: number): string
  isSigned(url: string, nowMs: number): boolean
}

export function createAddressSigner(secret: Buffer = randomBytes(32)): AddressSigner {
  const signatureOf = (path: string, until: string): Buffer => createHmac('sha256', secret).update(`${until} ${path}`).digest()
  return {
    sign: (path, untilMs) => `${path}?until=${untilMs}&signature=${signatureOf(path, String(untilMs)).toString('base64url')}`,
    isSigned(url, nowMs) {
      const [path = '', query = ''] = url.split('?', 2)
      const given = new URLSearchParams(query)
      const until = given.get('until') ?? ''
      if (!/^\d{1,15}$/.test(until) || Number(until) < nowMs) return false
      const [signature, expected] = [Buffer.from(given.get('signature') ?? '', 'base64url'), signatureOf(path, until)]
      return signature.length === expected.length && timingSafeEqual(signature, expected)
    },
  }
}
